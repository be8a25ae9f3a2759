import { expect, test } from 'vitest';
import { checkForm } from '../../src/app/connect-form.ts';
import { ADDRESS } from '../ui/sample-events.ts';

const EMPTY = { peer: '', methods: '', paths: '', families: '' };

test('connect form: empty fields mean the defaults', () => {
  expect(checkForm({ ...EMPTY, peer: ` ${ADDRESS} ` })).toEqual({
    ok: true,
    choice: {
      peer: ADDRESS,
      methods: ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'],
      paths: ['external', 'local'],
      families: [4, 6],
    },
  });
});

test('connect form: letters count in their order, each once, in either case', () => {
  expect(checkForm({ peer: ADDRESS, methods: 'D', paths: 'lel', families: '6,4' })).toMatchObject({
    choice: { methods: ['direct'], paths: ['local', 'external'], families: [6, 4] },
  });
});

test.each([
  [{ ...EMPTY }, 'peer', 'address'],
  [{ ...EMPTY, peer: 'x', methods: 'x' }, 'methods', 'd (direct)'],
  [{ ...EMPTY, peer: 'x', methods: 'dz' }, 'methods', 'd (direct)'],
  [{ ...EMPTY, peer: 'x', paths: 'x' }, 'paths', 'e (external), l (local)'],
  [{ ...EMPTY, peer: 'x', families: '5' }, 'families', '4, 6 or both'],
])('connect form: %j is refused at %s with %s', (draft, field, words) => {
  expect(checkForm(draft)).toMatchObject({ ok: false, field, message: expect.stringContaining(words) });
});
