/** Nickname: what is typed is checked at once; below, who holds the name and until when, or why nobody does. */
import { Box, Text } from 'ink';
import { faultOf } from '../../app/nickname-rules.ts';
import type { NicknameState } from '../../app/state.ts';
import { makeVisible } from '../../app/visible.ts';
import { useUi } from '../context.ts';
import { edit, insert, lineOf } from '../line-edit.ts';
import { Problem } from '../parts/problem.tsx';
import { Spinner } from '../parts/spinner.tsx';
import { TextField } from '../parts/text-field.tsx';
import { styleOf } from '../theme.ts';
import { useCell } from '../use-cell.ts';
import { useKeyTaker } from '../use-keys.ts';
import { useStore } from '../use-store.ts';
import { cut, wrap } from '../width.ts';

const LABEL_WIDTH = 12;
/** Servers that are listed at most. */
const MAX_SERVERS = 6;

export function NicknameScreen() {
  const { session, size, marks } = useUi();
  const node = useStore((state) => state.nodes[0]);
  const names = useStore((state) => state.nicknames);
  const error = useStore((state) => state.error);
  const line = useCell(lineOf(''));
  useKeyTaker({
    text: (text) => line.set(insert(line.get(), text.replace(/\s+/g, ''))),
    intent(intent) {
      if (intent === 'confirm') {
        if (faultOf(line.get().text) === null) void session.register(line.get().text);
        return true;
      }
      const edited = edit(line.get(), intent);
      if (edited === null) return false;
      line.set(edited);
      return true;
    },
  });
  const { text } = line.value;
  const fault = text === '' ? null : faultOf(text);
  const told = node === undefined ? undefined : names[node.nodeId];
  return (
    <Box flexDirection="column">
      <Box height={1}>
        <Text bold>{'nickname'.padEnd(LABEL_WIDTH)}</Text>
        <TextField
          line={line.value}
          columns={size.columns - LABEL_WIDTH}
          focused
          placeholder="small letters, digits, - and _; others connect to it instead of the address"
        />
      </Box>
      <Text {...styleOf(fault === null ? 'muted' : 'bad')} wrap="truncate">
        {cut(fault ?? (text === '' ? '' : 'Enter registers it'), size.columns, marks.more)}
      </Text>
      {told !== undefined && <Told told={told} nodeId={node?.nodeId ?? ''} />}
      {told?.state !== 'failed' && error !== null && (
        <Box marginTop={1}>
          <Problem error={error} />
        </Box>
      )}
    </Box>
  );
}

function Told({ told, nodeId }: { readonly told: NicknameState; readonly nodeId: string }) {
  const { size, marks } = useUi();
  const { name, state, full, servers, expires, reason } = told;
  if (state === 'asking')
    return (
      <Box marginTop={1}>
        <Text>
          <Spinner /> asking for {name === nodeId ? 'the name of this node' : name}
        </Text>
      </Box>
    );
  const head =
    full === null ? `${marks.failed} ${reason ?? `${name} is not registered`}` : `${marks.done} ${full}`;
  return (
    <Box marginTop={1} flexDirection="column">
      <Text bold {...styleOf(full === null ? 'bad' : 'good')}>
        {wrap(makeVisible(head), size.columns).join('\n')}
      </Text>
      {full !== null && (
        <Text>{cut(`others run: npx p2pd-demo connect ${full}`, size.columns, marks.more)}</Text>
      )}
      {expires !== null && (
        <Text {...styleOf('muted')}>
          {cut(
            `held until ${dateOf(expires)} UTC; refreshed once a day while this runs`,
            size.columns,
            marks.more,
          )}
        </Text>
      )}
      {servers.slice(0, MAX_SERVERS).map(({ host, outcome }) => (
        <Text key={host} {...styleOf('muted')} wrap="truncate">
          {cut(`${host}: ${makeVisible(outcome)}`, size.columns, marks.more)}
        </Text>
      ))}
    </Box>
  );
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 16);
}
