/** Chat: the path that the pipe takes, what was said, and a line to say more. */
import { Box, Text } from 'ink';
import { useEffect, useMemo } from 'react';
import {
  CHAT_COMMANDS,
  type ChatLine as Meaning,
  parseChatLine,
  shownCommand,
} from '../../app/chat-command.ts';
import { chatPipes, endsLine, messageText, pathLine, reasonOfPipe, shortId } from '../../app/select.ts';
import type { Session } from '../../app/session.ts';
import type { ChatMessage, PipeState } from '../../app/state.ts';
import { useUi } from '../context.ts';
import { EMPTY_LINE, edit, insert, type Line } from '../line-edit.ts';
import { TextField } from '../parts/text-field.tsx';
import { type Role, styleOf } from '../theme.ts';
import { useCell } from '../use-cell.ts';
import { useKeyTaker } from '../use-keys.ts';
import { type Scroll, useScroll } from '../use-scroll.ts';
import { useStore } from '../use-store.ts';
import { cut, wrap } from '../width.ts';

interface ChatLine {
  readonly key: string;
  readonly role: Role;
  readonly text: string;
}

/** Rows of the screen that are no messages: header, peer, ends, rule, input, two of the footer, one spare. */
const OTHER_ROWS = 8;

export function ChatScreen({ id }: { readonly id: string | null }) {
  const { size, session } = useUi();
  const pipe = useStore((state) => state.pipes.find((one) => one.id === id) ?? null);
  const lines = useMemo(() => (pipe === null ? [] : chatLines(pipe, size.columns)), [pipe, size.columns]);
  const rows = size.rows - OTHER_ROWS;
  const scroll = useScroll(lines.length, rows);
  const line = useChatKeys(pipe, scroll);
  const watched = pipe?.state === 'open' ? pipe.id : null;
  useEffect(() => {
    session.watch(watched);
    return () => session.watch(null);
  }, [session, watched]);
  if (pipe === null) return <Text {...styleOf('muted')}>no pipe is open</Text>;
  return (
    <Box flexDirection="column" height="100%">
      <PipeHead pipe={pipe} />
      <Box flexDirection="column" height={rows}>
        {lines.slice(scroll.first, scroll.first + rows).map(({ key, role, text }) => (
          <Text key={key} {...styleOf(role)}>
            {text}
          </Text>
        ))}
      </Box>
      <Text {...styleOf('muted')}>{scroll.below > 0 ? `${scroll.below} more lines below` : ' '}</Text>
      <InputLine pipe={pipe} line={line} columns={size.columns} />
    </Box>
  );
}

function PipeHead({ pipe }: { readonly pipe: PipeState }) {
  const { size, marks } = useUi();
  const others = chatPipes(useStore((state) => state.pipes)).filter((other) => other.id !== pipe.id);
  const open = pipe.state === 'open' && pipe.stranded === null;
  const peer = `peer ${shortId(pipe.peer ?? 'unknown')}`;
  const more = others.length === 0 ? '' : `  (${others.length} more: Tab)`;
  return (
    <Box flexDirection="column">
      <Text wrap="truncate">
        <Text {...styleOf(open ? 'good' : 'bad')}>{open ? marks.on : marks.off}</Text>
        {` ${peer}  `}
        <Text {...styleOf('accent')}>
          {pipe.stranded === null ? pathLine(pipe, marks.dot) : 'no path: looking for another one'}
        </Text>
      </Text>
      <Text {...styleOf('muted')}>
        {cut(`  ${endsLine(pipe, marks.arrow)}${more}`, size.columns, marks.more)}
      </Text>
    </Box>
  );
}

function InputLine({
  pipe,
  line,
  columns,
}: {
  readonly pipe: PipeState;
  readonly line: Line;
  readonly columns: number;
}) {
  const { marks } = useUi();
  if (pipe.state !== 'open') {
    return (
      <Text {...styleOf('bad')}>
        {cut(`${marks.failed} closed: ${reasonOfPipe(pipe)}`, columns, marks.more)}
      </Text>
    );
  }
  return (
    <Box>
      <Text {...styleOf('accent')}>{`${marks.pointer} `}</Text>
      <TextField line={line} columns={columns - 2} focused={true} />
    </Box>
  );
}

/** Typing, sending, scrolling, switching and closing. @returns what is typed */
function useChatKeys(pipe: PipeState | null, scroll: Scroll): Line {
  const { session, unsent } = useUi();
  const id = pipe?.id ?? '';
  const cell = useCell(unsent.get(id) ?? EMPTY_LINE);
  const line = {
    ...cell,
    set(next: Line) {
      unsent.set(id, next);
      cell.set(next);
    },
  };
  const send = () => {
    const { text } = line.get();
    if (pipe?.state !== 'open' || text === '') return;
    perform(session, pipe.id, parseChatLine(text));
    line.set(EMPTY_LINE);
    scroll.follow();
  };
  const turn = (step: number) => {
    const pipes = chatPipes(session.store.getState().pipes);
    const next = pipes[(pipes.findIndex(({ id }) => id === pipe?.id) + step + pipes.length) % pipes.length];
    if (next !== undefined) session.store.emit({ event: 'ui', action: 'go', screen: 'chat', pipe: next.id });
  };
  useKeyTaker({
    // A pasted line end does not send: what is sent is what Enter was pressed on.
    text: (text) => line.set(insert(line.get(), text.replace(/[\r\n]+/g, ' '))),
    intent(intent) {
      if (intent === 'confirm') send();
      else if (intent === 'next-pipe') turn(1);
      else if (intent === 'previous-pipe') turn(-1);
      else if (intent === 'close-pipe' && pipe !== null) session.close(pipe.id);
      else if (!scroll.move(intent)) {
        const edited = edit(line.get(), intent);
        if (edited === null) return false;
        line.set(edited);
      }
      return true;
    },
  });
  return line.value;
}

function perform(session: Session, pipe: string, line: Meaning): void {
  const note = (text: string) => session.store.emit({ event: 'note', pipe, text });
  switch (line.kind) {
    case 'say':
      session.say(pipe, line.text);
      break;
    case 'send':
      session.sendFile(pipe, line.path);
      break;
    case 'save':
      session.saveTo(pipe, line.directory);
      break;
    case 'save-off':
      session.saveTo(pipe, false);
      break;
    case 'cancel':
      session.cancelFile(pipe);
      break;
    case 'help':
      for (const [name, takes, does] of CHAT_COMMANDS) note(shownCommand(name, takes).padEnd(13) + does);
      break;
    case 'wrong':
      note(`! ${line.why}`);
  }
}

/** Messages as lines that fit, with who said them. */
function chatLines(pipe: PipeState, columns: number): ChatLine[] {
  const who = { in: `${shortId(pipe.peer ?? '?')}: `, out: 'you: ', note: '-- ' };
  return pipe.messages.flatMap((message, number) =>
    wrapped(message, who[message.direction], columns).map((text, part) => ({
      key: `${message.at}.${number}.${part}`,
      role: message.direction === 'in' ? 'plain' : message.direction === 'out' ? 'muted' : 'accent',
      text,
    })),
  );
}

/** Lines of messages that were drawn before: a peer may send many long ones, and each stays as it is. */
const drawn = new WeakMap<ChatMessage, { readonly columns: number; readonly lines: readonly string[] }>();

function wrapped(message: ChatMessage, who: string, columns: number): readonly string[] {
  const before = drawn.get(message);
  if (before?.columns === columns) return before.lines;
  const lines = wrap(`${who}${messageText(message.text)}`, columns);
  drawn.set(message, { columns, lines });
  return lines;
}
