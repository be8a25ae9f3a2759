/** The contract's JSON, field by field: what is here is public, what is not stays inside. */
import { describe, expect, test } from 'vitest';
import type { AppEvent, StepName } from '../../src/app/events.ts';
import { jsonDocument, jsonLine } from '../../src/cli/json.ts';
import { attempt, INTERFACES, message, open, ready } from '../ui/sample-events.ts';

function keysOf(event: AppEvent): string[] {
  return Object.keys(JSON.parse(jsonLine({ ...event, at: 5 }) ?? '{}'));
}

const NO_LIST = { stun: [], mqtt: [], ntp: [], turn: [], pnp: [] };
const COMMON = ['schemaVersion', 'event', 'at'];

describe('json', () => {
  test.each<readonly [AppEvent, readonly string[]]>([
    [
      { event: 'step', name: 'interfaces', state: 'ok', detail: 'eth0', node: 'n' },
      ['name', 'state', 'detail'],
    ],
    [{ event: 'step', name: 'interfaces', state: 'start' }, ['name', 'state']],
    [ready(), ['address', 'nodeId', 'port', 'nickname']],
    [{ ...ready(), servers: NO_LIST } as AppEvent, ['address', 'nodeId', 'port', 'nickname', 'servers']],
    [
      attempt({ state: 'failed', elapsed: 3, reason: 'refused' }),
      ['pipe', 'method', 'path', 'family', 'state', 'local', 'remote', 'elapsed', 'reason'],
    ],
    [attempt(), ['pipe', 'method', 'path', 'family', 'state', 'local', 'remote', 'elapsed']],
    [
      open(),
      ['pipe', 'method', 'path', 'family', 'transport', 'local', 'remote', 'peer', 'encrypted', 'elapsed'],
    ],
    [message('in', 'x'), ['pipe', 'direction', 'text']],
    [
      { event: 'bench', pipe: 'p', bytes: 1, sendMbps: 2, receiveMbps: 3, rtt: 4 },
      ['pipe', 'bytes', 'sendMbps', 'receiveMbps', 'rtt'],
    ],
    [{ event: 'closed', pipe: 'p', reason: 'finished' }, ['pipe', 'reason']],
    [{ event: 'error', code: 'NO_PATH', message: 'm', hint: 'h', pipe: 'p' }, ['code', 'message', 'hint']],
  ])('%j carries exactly the fields of the contract', (event, fields) => {
    expect(keysOf(event)).toEqual([...COMMON, ...fields]);
  });

  test('an event carries its values unchanged, its time and the version of the schema', () => {
    expect(jsonLine({ ...open({ elapsed: 12.5 }), at: 99 })).toBe(
      '{"schemaVersion":1,"event":"open","at":99,"pipe":"p1","method":"direct","path":"local","family":4,' +
        '"transport":"tcp","local":"192.0.2.21:10001","remote":"192.0.2.33:41234",' +
        '"peer":"b7710e55c0ffee21","encrypted":true,"elapsed":12.5}',
    );
  });

  test.each<AppEvent>([
    { event: 'rtt', pipe: 'p1', rtt: 1 },
    { event: 'refused', node: 'n', remote: 'r', reason: 'x' },
    { event: 'connect', pipe: 'p1', node: 'n', peer: 'a' },
    { event: 'interfaces', interfaces: INTERFACES },
    { event: 'load', cpu: 0, memoryUsed: 0, load1: 0 },
    { event: 'stopped', nodeId: 'n' },
    { event: 'log', level: 'error', text: 'x' },
    { event: 'ui', action: 'notice', notice: null },
  ])('the event $event is not public', (event) => {
    expect(jsonLine({ ...event, at: 1 })).toBe(null);
  });

  test.each<readonly [StepName, boolean]>([
    ['interfaces', true],
    ['stun', true],
    ['mqtt', true],
    ['ntp', true],
    ['portmap', true],
    ['nickname', true],
    ['identity', false],
    ['listen', false],
  ])('the step %s is public: %j', (name, isPublic) => {
    expect(jsonLine({ event: 'step', name, state: 'start', at: 1 }) !== null).toBe(isPublic);
  });

  test("a peer's text is one JSON string on one line, whatever is in it", () => {
    const text = 'two\nlines\x1b[2J\u202e\u2028\ud800"';
    const line = jsonLine({ ...message('in', text), at: 1 }) ?? '';
    expect(line).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(line)).toMatchObject({ text });
  });

  test('a report is one document with the version of the schema', () => {
    expect(jsonDocument({ interfaces: [] })).toBe('{"schemaVersion":1,"interfaces":[]}');
  });
});
