/** Connect: what to connect to and by which ways; then the attempts, until a pipe opens. */
import { Box, Text } from 'ink';
import { checkForm, FORM_LETTERS } from '../../app/connect-form.ts';
import { isNickname } from '../../app/nickname-rules.ts';
import { selectPipe } from '../../app/select.ts';
import type { ConnectChoice, Session } from '../../app/session.ts';
import type { PipeState, SignalState } from '../../app/state.ts';
import type { ConnectDraft } from '../../app/ui-state.ts';
import { makeVisible } from '../../app/visible.ts';
import { signalLine } from '../../app/world.ts';
import { useUi } from '../context.ts';
import type { Intent } from '../keymap.ts';
import { edit, insert, type Line, lineOf } from '../line-edit.ts';
import { Attempts } from '../parts/attempts.tsx';
import { Spinner } from '../parts/spinner.tsx';
import { TextField } from '../parts/text-field.tsx';
import { TimelineLanes } from '../parts/timeline.tsx';
import { styleOf } from '../theme.ts';
import { useCell } from '../use-cell.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useStore } from '../use-store.ts';
import { cut, cutMiddle, wrap } from '../width.ts';

type Field = keyof ConnectDraft;

const FIELDS: readonly { readonly name: Field; readonly label: string; readonly help: string }[] = [
  { name: 'peer', label: 'peer', help: "the other side's nickname or address" },
  {
    name: 'methods',
    label: 'methods',
    help: `${FORM_LETTERS.methods}   d direct, r reverse, p TCP, u UDP punch, t relay`,
  },
  {
    name: 'paths',
    label: 'pathways',
    help: `${FORM_LETTERS.paths}   e external (WAN), l local (LAN, same machine)`,
  },
  { name: 'families', label: 'families', help: `${FORM_LETTERS.families}   IPv4 and IPv6, in order` },
];
const LABEL_WIDTH = 12;
/** Rows of the screen that the attempts cannot have. */
const OTHER_ROWS = 13;

export function ConnectScreen() {
  const { session, size } = useUi();
  const draft = useStore((state) => state.ui.draft);
  const pipe = useStore(selectPipe);
  const connecting = pipe?.state === 'connecting';
  const form = useForm(draft, connecting ? pipe.id : null);
  return (
    <Box flexDirection="column">
      {FIELDS.map(({ name, label, help }, i) => (
        <Box key={name} height={1}>
          <Text bold={form.focus === i}>{label.padEnd(LABEL_WIDTH)}</Text>
          <TextField
            line={name === form.field && !connecting ? form.line : lineOf(shown(name, draft, size.columns))}
            columns={size.columns - LABEL_WIDTH}
            focused={name === form.field && !connecting}
            placeholder={help}
          />
        </Box>
      ))}
      <Box marginTop={1} flexDirection="column">
        <Progress pipe={pipe} rows={size.rows - OTHER_ROWS} />
      </Box>
      {pipe === null && session.store.getState().error !== null && <StartError />}
    </Box>
  );
}

/** A field that is not being edited: of an address both ends, so that it can be compared. */
function shown(name: Field, draft: ConnectDraft, columns: number): string {
  const text = makeVisible(draft[name]);
  return name === 'peer' ? cutMiddle(text, columns - LABEL_WIDTH - 1) : text;
}

/**
 * Looks the name up first. A key that has changed is told, and stops here; asked for the same name again, its user
 * has seen that.
 */
async function connectByName(
  session: Session,
  choice: ConnectChoice,
  warned: { get(): string | null; set(name: string | null): void },
): Promise<void> {
  const { emit } = session.store;
  emit({ event: 'ui', action: 'notice', notice: `looking up ${choice.peer}` });
  const found = await session.lookUp(choice.peer, warned.get() === choice.peer);
  const changed = 'another key: Enter again accepts it; only if the other side says it is new';
  warned.set(found === 'changed' ? choice.peer : null);
  if (found === 'changed') emit({ event: 'ui', action: 'notice', notice: changed });
  else if (found === null) emit({ event: 'ui', action: 'notice', notice: null });
  else {
    const pipe = session.connect({ ...choice, peer: found.address });
    emit({ event: 'ui', action: 'go', screen: 'connect', pipe });
  }
}

/** Focus and keys of the form; what was typed lies in the store and outlives the screen. */
function useForm(shownDraft: ConnectDraft, connecting: string | null) {
  const { session } = useUi();
  const { emit, getState } = session.store;
  const warned = useCell<string | null>(null);
  const place = useCell({ focus: 0, cursor: lineOf(shownDraft.peer).cursor });
  const fieldAt = (focus: number): Field => FIELDS[focus]?.name ?? 'peer';
  const lineNow = (): Line => ({
    text: getState().ui.draft[fieldAt(place.get().focus)],
    cursor: place.get().cursor,
  });
  const change = (next: Line) => {
    const { focus } = place.get();
    if (next.text !== lineNow().text) {
      emit({ event: 'ui', action: 'draft', draft: { [fieldAt(focus)]: next.text } });
    }
    place.set({ focus, cursor: next.cursor });
  };
  const focusOn = (focus: number) => {
    place.set({ focus, cursor: lineOf(getState().ui.draft[fieldAt(focus)]).cursor });
  };
  const move = (step: number) => focusOn((place.get().focus + step + FIELDS.length) % FIELDS.length);
  const start = () => {
    const checked = checkForm(getState().ui.draft);
    if (!checked.ok) {
      focusOn(FIELDS.findIndex(({ name }) => name === checked.field));
      emit({ event: 'ui', action: 'notice', notice: checked.message });
    } else if (isNickname(checked.choice.peer)) void connectByName(session, checked.choice, warned);
    else emit({ event: 'ui', action: 'go', screen: 'connect', pipe: session.connect(checked.choice) });
  };
  useKeyTaker({
    text: (text) => connecting === null && change(insert(lineNow(), text.replace(/\s+/g, ''))),
    intent(intent) {
      if (connecting !== null) return giveUp(session, connecting, intent);
      if (intent === 'confirm') start();
      else if (intent === 'next') move(1);
      else if (intent === 'previous') move(-1);
      else {
        const edited = edit(lineNow(), intent);
        if (edited === null) return false;
        change(edited);
      }
      return true;
    },
  });
  const field = fieldAt(place.value.focus);
  const line: Line = { text: shownDraft[field], cursor: place.value.cursor };
  return { focus: place.value.focus, field, line };
}

/** While it connects, Esc gives up and says so; the form stays as it is. */
function giveUp(session: Session, pipe: string, intent: Intent): boolean {
  if (intent !== 'back') return false;
  session.close(pipe);
  session.store.emit({ event: 'ui', action: 'notice', notice: 'given up' });
  return true;
}

function Progress({ pipe, rows }: { readonly pipe: PipeState | null; readonly rows: number }) {
  const { marks, size } = useUi();
  if (pipe === null) return <Text {...styleOf('muted')}>Enter starts; what is tried is listed here.</Text>;
  return (
    <>
      <Text>
        {pipe.state === 'connecting' && <Spinner />}
        {pipe.state === 'connecting' ? ' connecting; Esc gives up' : ''}
        {pipe.state === 'failed' && (
          <Text {...styleOf('bad')}>
            {wrap(`${marks.failed} ${makeVisible(pipe.reason ?? 'failed')}`, size.columns).join('\n')}
          </Text>
        )}
      </Text>
      {pipe.signal !== null && <Signalling signal={pipe.signal} running={pipe.state === 'connecting'} />}
      <Happening pipe={pipe} rows={rows} />
    </>
  );
}

/** Lanes, as soon as there is more to see than single attempts. */
function Happening({ pipe, rows }: { readonly pipe: PipeState; readonly rows: number }) {
  const timeline = useStore((state) => state.timelines[pipe.id]);
  const isPunched = timeline?.lanes.some(({ method }) => method === 'tcp-punch' || method === 'udp-punch');
  if (timeline === undefined || !isPunched) return <Attempts attempts={pipe.attempts} rows={rows} />;
  return <TimelineLanes timeline={timeline} rows={rows} />;
}

/** How asking the peer over signalling goes: silence there is told apart from paths that do not open. */
function Signalling({ signal, running }: { readonly signal: SignalState; readonly running: boolean }) {
  const { marks, size } = useUi();
  const text = makeVisible(`signalling: ${signalLine(signal)}`);
  const line = cut(text, size.columns - 2, marks.more);
  switch (signal.state) {
    case 'asked':
      return (
        <Text>
          {running ? <Spinner /> : marks.off} {line}
        </Text>
      );
    case 'answered':
      return (
        <Text>
          <Text {...styleOf('good')}>{marks.done}</Text> {line}
        </Text>
      );
    case 'silent':
      return <Text {...styleOf('bad')}>{`${marks.failed} ${line}`}</Text>;
  }
}

/** There was nothing to connect to: a damaged address, say. */
function StartError() {
  const { marks } = useUi();
  const error = useStore((state) => state.error);
  if (error === null) return null;
  return (
    <Box flexDirection="column" marginTop={1}>
      <Text {...styleOf('bad')}>{`${marks.failed} ${makeVisible(error.message)}`}</Text>
      <Text {...styleOf('muted')}>{`  try: ${error.hint}`}</Text>
    </Box>
  );
}
