/** What a line in a chat means: words for the peer, or a command for the program. Pure. */

export type ChatLine =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'send'; readonly path: string }
  /** null: the usual folder. */
  | { readonly kind: 'save'; readonly directory: string | null }
  | { readonly kind: 'save-off' | 'cancel' | 'help' }
  /** It is told, and not sent. */
  | { readonly kind: 'wrong'; readonly why: string };

/** Name, what follows it, what it does. */
export const CHAT_COMMANDS = [
  ['/send', 'PATH', 'send a file'],
  ['/save', '[DIR]', 'take files and keep them there, ~/Downloads if left out; /save off: no more'],
  ['/cancel', '', 'stop sending the file that is on its way'],
  ['/help', '', 'this list'],
  ['//', 'TEXT', 'say /TEXT'],
] as const;

export function parseChatLine(line: string): ChatLine {
  if (!line.startsWith('/')) return { kind: 'say', text: line };
  if (line.startsWith('//')) return { kind: 'say', text: line.slice(1) };
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*?)\s*$/su.exec(line) ?? [];
  const path = unquoted(rest);
  switch (name) {
    case 'send':
      return path === '' ? { kind: 'wrong', why: 'which file? /send PATH' } : { kind: 'send', path };
    case 'save':
      if (rest === 'off') return { kind: 'save-off' };
      return { kind: 'save', directory: path === '' ? null : path };
    case 'cancel':
    case 'help':
      return { kind: name };
    default:
      return { kind: 'wrong', why: `/${name} is no command (/help lists them); to say it: /${line}` };
  }
}

/** A path as terminals paste it when a file is dropped on them: quoted, or with its spaces escaped. */
function unquoted(text: string): string {
  const quoted = /^'(.*)'$|^"(.*)"$/su.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? '';
  // Elsewhere a backslash separates folders.
  return text.replace(/\\([ '"()[\]&;$!])/g, '$1');
}

/** The README's table. */
export function commandsMarkdown(): string {
  const rows = CHAT_COMMANDS.map(([name, takes, does]) => `| \`${shownCommand(name, takes)}\` | ${does} |`);
  return ['| command | does |', '|---|---|', ...rows].join('\n');
}

/** What is typed. */
export function shownCommand(name: string, takes: string): string {
  return `${name}${name === '//' ? '' : ' '}${takes}`.trimEnd();
}
