import { expect, test } from 'vitest';
import { ownSide } from '../../src/app/matrix-view.ts';
import { natJson } from '../../src/app/nat-json.ts';
import { matrixText } from '../../src/cli/matrix-text.ts';
import { natMarkdown, natText } from '../../src/cli/nat-text.ts';
import { sampleNat } from '../helpers/sample-nat.ts';

test("nat --json: the contract's keys and numbers", () => {
  expect(natJson(sampleNat())).toMatchObject({
    interface: 'eth0',
    family: 4,
    elapsed: 250,
    udp: {
      type: 6,
      name: 'symmetric',
      mapping: 'address-and-port-dependent',
      filtering: 'address-and-port-dependent',
      delta: { type: 4, name: 'independent', value: 2 },
      range: [35_000, 62_000],
      external: ['203.0.113.7'],
      hairpin: null,
      evidence: [
        { test: 'mapping', rtt: 41 },
        { mapped: null, rtt: null },
      ],
    },
    tcp: { type: null, name: 'unknown', filtering: null, unsolicited: 'unknown' },
    portMapping: { upnp: null, natPmp: null, pcp: null },
  });
});

test('nat: what the router offers for port mappings', () => {
  const portMapping = { upnp: true, natPmp: true, pcp: false };
  const report = { ...sampleNat(), portMapping };
  expect(natJson(report)).toMatchObject({ portMapping });
  expect(natText([report])).toMatch(/port mapping +NAT-PMP, UPnP +NAT-PMP, UPnP/);
  const none = { upnp: false, natPmp: false, pcp: false };
  expect(natText([{ ...report, portMapping: none }])).toMatch(/port mapping +none +none/);
});

test('nat: UDP and TCP side by side within 80 columns, and what is not known with its reason', () => {
  const lines = natText([sampleNat()]).split('\n');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines[0]).toBe('eth0 IPv4 (250 ms)');
  expect(lines.find((line) => line.includes('delta'))).toMatch(/delta +independent, \+2 +equal/);
  expect(lines.find((line) => line.includes('ports seen'))).toContain('35000 to 62000 (90 % of all)');
  expect(lines.at(-1)).toBe('  ! TCP: filtering: over TCP no server can test it, only a peer');
  expect(natText([])).toBe('no interface has an address');
});

test('nat --format markdown: a table, and the evidence folded away', () => {
  const text = natMarkdown([sampleNat(), sampleNat({ interface: 'a|b' })]);
  expect(text).toContain('### eth0 IPv4 (250 ms)');
  expect(text).toContain('| type | 6 symmetric | unknown |');
  expect(text).toContain('<details><summary>Evidence: 4 tests</summary>');
  expect(text).toContain(
    '| udp | filtering: answer from another port | 198.51.100.10:3478 | 192.168.1.2:5001 | nothing |  |',
  );
});

test('nat: what a name of an interface hides is made visible', () => {
  expect(natText([sampleNat({ interface: 'eth\u001b[2J0' })])).not.toContain('\u001b');
});

test('matrix: every line within 80 columns, with and without a NAT of one’s own', () => {
  for (const own of [null, ownSide({ reports: [sampleNat()] })])
    for (const line of matrixText(own).split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
});

test('matrix: the own NAT is marked, and its row is told first', () => {
  const own = ownSide({ reports: [sampleNat({ udp: { delta: { type: 6, value: 0 } } })] });
  const text = matrixText(own);
  expect(text).toContain('Your NAT (symmetric, random)');
  expect(text).toMatch(/^restrict port, equal +no +no +no +maybe 1024 +yes 0\.4s$/m);
  expect(text).toMatch(/^22\*symm \?/m);
  expect(matrixText(null)).toContain('not known yet');
});

test('matrix: both tables of the seed', () => {
  const text = matrixText(null);
  expect(text).toContain('mappings reusable by');
  expect(text).toMatch(/^restrict +same ip:port +same ip +dest ip for a connection$/m);
  expect(text).toMatch(/^dependent +last_local \+ 1 +last_mapped \+ delta +common = \+1$/m);
});
