/** The connect form, read and checked: what the letters mean, and one clear line where they mean nothing. */
import { DEFAULT_CONFIG, FAMILY_LETTERS, METHOD_LETTERS, METHOD_NAMES, PATH_LETTERS } from './config.ts';
import type { ConnectChoice } from './session.ts';
import type { ConnectDraft } from './ui-state.ts';

export type CheckedForm =
  | { readonly ok: true; readonly choice: ConnectChoice }
  | { readonly ok: false; readonly field: keyof ConnectDraft; readonly message: string };

/** Letters of what a field may hold, in the order of its default. */
export const FORM_LETTERS = {
  methods: lettersOf(METHOD_LETTERS, DEFAULT_CONFIG.methods),
  paths: lettersOf(PATH_LETTERS, DEFAULT_CONFIG.paths),
  families: lettersOf(FAMILY_LETTERS, DEFAULT_CONFIG.families),
} as const;

/** An empty field means its default. */
export function checkForm(draft: ConnectDraft): CheckedForm {
  const peer = draft.peer.trim();
  if (peer === '') return { ok: false, field: 'peer', message: "paste the other side's address first" };
  const methods = parse(draft.methods || FORM_LETTERS.methods, METHOD_LETTERS);
  const paths = parse(draft.paths || FORM_LETTERS.paths, PATH_LETTERS);
  const families = parse(draft.families || FORM_LETTERS.families, FAMILY_LETTERS);
  if (methods === null || !methods.every((method) => DEFAULT_CONFIG.methods.includes(method))) {
    return {
      ok: false,
      field: 'methods',
      message: `methods: ${describe(METHOD_LETTERS, FORM_LETTERS.methods)}`,
    };
  }
  if (paths === null)
    return { ok: false, field: 'paths', message: 'pathways: letters out of e (external), l (local)' };
  if (families === null) return { ok: false, field: 'families', message: 'families: 4, 6 or both' };
  return { ok: true, choice: { peer, methods, paths, families } };
}

/** Letters, each once; null where one means nothing. */
function parse<T>(text: string, letters: Readonly<Record<string, T>>): T[] | null {
  const values = [...text.toLowerCase().replace(/[,\s]/g, '')].map((letter) => letters[letter]);
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length && known.length > 0 ? [...new Set(known)] : null;
}

function lettersOf<T>(letters: Readonly<Record<string, T>>, values: readonly T[]): string {
  const letter = (value: T) => Object.keys(letters).find((key) => letters[key] === value) ?? '';
  return values.map(letter).join('');
}

function describe(letters: typeof METHOD_LETTERS, available: string): string {
  const names = [...available].map((letter) => {
    const method = letters[letter];
    return `${letter} (${method === undefined ? '' : METHOD_NAMES[method]})`;
  });
  return `this version has ${names.join(', ')}`;
}
