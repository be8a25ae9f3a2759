import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TrialDocument } from '../../../src/app/trial/document.ts';
import { trialJson } from '../../../src/app/trial/json.ts';
import { redact } from '../../../src/app/trial/redact.ts';
import { parseTrial } from '../../../src/app/trial/schema.ts';
import { canonicalIp, formatEndpoint, reachOf } from '../../../src/net/index.ts';
import { hostileTrial, sampleTrial } from '../../helpers/sample-trial.ts';

const withAdvice = (...advice: string[]): TrialDocument => sampleTrial({ advice });
const adviceOf = (...advice: string[]) => redact(withAdvice(...advice)).advice;

/** The sample without addresses of its own, so that the first stand-ins are free. */
const bare = (...advice: string[]): readonly string[] => {
  const { a, b } = sampleTrial().sides;
  const sides = { a: { ...a, reports: [] }, b: { ...b, reports: [] } };
  return redact(sampleTrial({ sides, advice })).advice;
};

test('redact: stand-ins keep family, reach and port, and are the same for the same address', () => {
  expect(
    bare(
      '8.8.8.8:53 and 9.9.9.9, again 8.8.8.8.',
      'LAN 192.168.1.2:5000, 10.1.2.3, link 169.254.9.9, carrier 100.64.7.21',
      '[2a00:1450:4001::8]:3478 as 2A00:1450:4001:0:0:0:0:8, fd12:3456::1, fe80::1234:5678%eth0',
      '::ffff:8.8.8.8, 64:ff9b::808:808, host-8-8-8-8.example',
    ),
  ).toEqual([
    '203.0.113.1:53 and 203.0.113.2, again 203.0.113.1.',
    'LAN 10.0.0.1:5000, 10.0.0.2, link 169.254.0.1, carrier 100.64.0.1',
    '[2001:db8::1]:3478 as 2001:db8::1, fd00::1, fe80::1%eth0',
    '::ffff:203.0.113.1, 2001:db8::2, host-203-0-113-1.example',
  ]);
});

test('redact: node ids become names, in full and cut, and an address of a node goes', () => {
  const { a, b } = sampleTrial().sides;
  expect(
    bare(
      `${a.nodeId} asks ${b.nodeId.toUpperCase()}`,
      `${b.nodeId.slice(0, 8)}…`,
      `${'0'.repeat(32)} ${'1'.repeat(40)} ${'0'.repeat(32)}`,
      `p2pd1${'a2b7'.repeat(40)} it said`,
    ),
  ).toEqual(['node-a asks node-b', 'node-b…', 'node-1 node-2 node-1', 'p2pd1-removed it said']);
  const { sides } = redact(sampleTrial());
  expect([sides.a.nodeId, sides.b.nodeId]).toEqual(['node-a', 'node-b']);
});

test('redact: what is everybody’s and what is no address stays', () => {
  const texts = [
    '127.0.0.1, ::1, 0.0.0.0, ::',
    '12:34:56 of 300.1.2.3',
    'std::vector',
    'version 0.1.0',
    'deadbeef',
  ];
  expect(adviceOf(...texts)).toEqual(texts);
});

test('redact: no stand-in is an address that somebody has', () => {
  const originals = ['203.0.113.7', '203.0.113.1', '203.0.113.2', '10.0.0.1', '2001:db8::1'];
  const [text = ''] = bare(originals.join(' '));
  for (const original of originals) expect(text.split(' ')).not.toContain(original);
});

test('redact: interfaces, ports, times and figures stay', () => {
  const before = sampleTrial();
  const after = redact(before);
  expect(after.redacted).toBe(true);
  expect(after.sides.b.reports.map((report) => report.interface)).toEqual(['en0', 'en0']);
  expect(after.sides.b.reports[0]?.udp.evidence[0]?.local).toMatch(/:5000$/);
  expect(after.cells.map(({ runs }) => runs.map(({ elapsed }) => elapsed))).toEqual(
    before.cells.map(({ runs }) => runs.map(({ elapsed }) => elapsed)),
  );
  expect(parseTrial(JSON.stringify(trialJson(after)))).toEqual(after);
});

test('redact: done twice it changes nothing more', () => {
  for (const document of [sampleTrial(), hostileTrial()]) {
    const once = redact(document);
    expect(redact(once)).toEqual(once);
  }
});

test('redact: a document that only says it is redacted is redacted all the same', () => {
  const lying = { ...withAdvice('8.8.4.4 answered'), redacted: true };
  expect(JSON.stringify(redact(lying))).not.toContain('8.8.4.4');
  for (const hidden of ['::ffff:8.8.4.4', 'a:b:8.8.4.4', 'x-8-8-4-4.example']) {
    const once = redact({ ...withAdvice(hidden), redacted: true });
    expect(once.advice[0]).not.toMatch(/8[.-]8[.-]4[.-]4/);
    expect(redact(once)).toEqual(once);
  }
});

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((bytes) => bytes.join('.'));
const ipv6 = fc
  .array(
    fc.oneof(
      fc.constant('0'),
      fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16)),
    ),
    {
      minLength: 8,
      maxLength: 8,
    },
  )
  .map((groups) => groups.join(':'));
const wrapped = ipv4.map((ip) => `::ffff:${ip}`);
const common = new Set(['127.0.0.1', '0.0.0.0', '255.255.255.255', '::', '::1']);

test('redact: whatever the addresses, none of them is left, and reach is kept', () => {
  const words = fc.constantFrom('', 'from ', '(', '"', 'at=', ', ');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(words, fc.oneof(ipv4, ipv6, wrapped), octet, fc.boolean()), {
        minLength: 1,
        maxLength: 20,
      }),
      (parts) => {
        const advice = parts.map(([word, ip, port, canonical]) => {
          const shown = canonical ? (canonicalIp(ip) ?? ip) : ip;
          return `${word}${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
        });
        const after = redact(withAdvice(...advice));
        const json = JSON.stringify(trialJson(after));
        const left = new Set(json.match(/[0-9a-f:.]+/gi)?.map((text) => canonicalIp(text) ?? text));
        for (const [i, [, ip, port]] of parts.entries()) {
          const original = canonicalIp(ip) ?? '';
          if (common.has(original.replace('::ffff:', ''))) continue;
          expect(left.has(original)).toBe(false);
          const [, standIn = ''] = /([0-9a-f:.]*[0-9a-f])\]?:\d+$/i.exec(after.advice[i] ?? '') ?? [];
          expect(after.advice[i]).toMatch(new RegExp(`:${port}$`));
          expect(reachOf(standIn)).toBe(reachOf(original));
        }
        expect(redact(after)).toEqual(after);
      },
    ),
    { numRuns: 100 },
  );
});

test('redact: endpoints in evidence are read as the program writes them', () => {
  const endpoint = formatEndpoint({ ip: '2a00:1450:4001::8', port: 3478 });
  expect(adviceOf(endpoint)[0]).toMatch(/^\[2001:db8::[0-9a-f]+\]:3478$/);
});
