/** A trial as tests show it: a symmetric NAT with random ports against a strict one, made without chance. */
import { adviceFor } from '../../src/app/trial/advice.ts';
import type {
  SideName,
  TrialCell,
  TrialDocument,
  TrialMark,
  TrialRun,
  TrialSide,
} from '../../src/app/trial/document.ts';
import { expectOutcomes, type Family, type Method, type NatReport } from '../../src/net/index.ts';
import { sampleNat } from './sample-nat.ts';

const A = '6f1c2a9be04d7735c1a8f2d94be36c01';
const B = 'd04b8e7712fa3c59be6011a2c7f4985e';
const NATS = { a: { type: 6, delta: 6 }, b: { type: 5, delta: 2 } } as const;

/** What each cell came to: opened and failed runs, in order; ms to the pipe. */
const RESULTS: Readonly<Record<Method, Readonly<Record<SideName, string>>>> = {
  direct: { a: 'x', b: 'x' },
  reverse: { a: 'x', b: 'x' },
  // Against the prediction, and by luck.
  'tcp-punch': { a: 'x', b: 'o' },
  'udp-punch': { a: 'ooxoo', b: 'oxoox' },
  relay: { a: 'ooooo', b: 'ooooo' },
};
const BASE: Readonly<Record<Method, number>> = {
  direct: 74,
  reverse: 155,
  'tcp-punch': 1_900,
  'udp-punch': 640,
  relay: 210,
};

/** Even numbers below 1 that look like none: no chance in tests. */
const wobble = (seed: number) => (((seed + 1) * 2_654_435_761) % 1_000) / 1_000;

export function sampleTrial(change: Partial<TrialDocument> = {}): TrialDocument {
  const document: TrialDocument = {
    schemaVersion: 1,
    complete: true,
    incomplete: null,
    startedAt: Date.UTC(2026, 10, 29, 18, 4, 12),
    elapsed: 148_300,
    repeat: 5,
    clock: { offset: 3.2, error: 1.1 },
    sides: { a: sideA(), b: sideB() },
    cells: cellsOf('external', 4),
    advice: [],
    redacted: false,
  };
  return { ...document, advice: adviceFor(document), ...change };
}

function sideA(): TrialSide {
  const report = sampleNat({ interface: 'wlan0' });
  const external = ['100.64.7.21', '198.51.100.23'];
  return {
    nodeId: A,
    version: '0.1.0',
    platform: 'linux x64',
    reports: [
      {
        ...report,
        udp: { ...report.udp, delta: { type: 6, value: 0 }, external: external.slice(1) },
        portMapping: { upnp: false, natPmp: false, pcp: false },
      },
    ],
  };
}

function sideB(): TrialSide {
  const report = sampleNat({
    interface: 'en0',
    udp: {
      type: 5,
      mapping: 'endpoint-independent',
      delta: { type: 2, value: 0 },
      external: ['203.0.113.80'],
    },
  });
  const six: NatReport = {
    ...report,
    family: 6,
    udp: {
      ...report.udp,
      type: 2,
      delta: { type: 1, value: 0 },
      external: ['2001:db8:4:1::17'],
      evidence: [
        {
          test: 'mapping',
          server: '[2001:db8:ffff::3]:3478',
          local: '[2001:db8:4:1::17]:5000',
          mapped: '[2001:db8:4:1::17]:5000',
          rtt: 22,
        },
      ],
    },
    tcp: { ...report.tcp, external: ['2001:db8:4:1::17'], evidence: [] },
  };
  return {
    nodeId: B,
    version: '0.1.0',
    platform: 'darwin arm64',
    reports: [{ ...report, portMapping: { upnp: true, natPmp: null, pcp: false } }, six],
  };
}

const METHODS: readonly Method[] = ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'];

function cellsOf(path: 'external' | 'local', family: Family): TrialCell[] {
  return METHODS.flatMap((method) =>
    (['a', 'b'] as const).flatMap((initiator): TrialCell[] => {
      const other = initiator === 'a' ? 'b' : 'a';
      const { expected, why } = expectOutcomes(NATS[initiator], NATS[other])[method];
      const outcome = RESULTS[method][initiator];
      const runs = [...outcome].map((letter, i) => runOf(method, initiator, letter === 'o', i));
      return [
        {
          ...{ method, path, family, initiator },
          predicted: expected,
          why,
          surprise: expected === 'no' && outcome.includes('o'),
          runs,
        },
      ];
    }),
  );
}

function runOf(method: Method, initiator: SideName, opens: boolean, index: number): TrialRun {
  const seed = METHODS.indexOf(method) * 40 + (initiator === 'a' ? 0 : 20) + index;
  const elapsed = opens ? Math.round(BASE[method] * (0.85 + 0.6 * wobble(seed)) * 10) / 10 : 10_000;
  const punched = method === 'tcp-punch' || method === 'udp-punch';
  const timeline = punched ? timelineOf(method, initiator, opens, elapsed) : [];
  const tried = { at: 1_000 + seed * 700, elapsed, timeline };
  if (!opens) {
    const explanation = punched ? EXPLANATIONS[method] : null;
    const reason = REASONS[method] ?? 'no answer';
    return { ...tried, outcome: 'failed', rtt: null, sendMbps: null, receiveMbps: null, reason, explanation };
  }
  const [rtt, send, receive] = method === 'relay' ? [83, 21, 24] : [41, 90, 38];
  const about = (value: number, turn: number) =>
    Math.round(value * (0.95 + 0.1 * wobble(seed + turn)) * 10) / 10;
  return {
    ...tried,
    outcome: 'open',
    rtt: about(rtt, 7),
    sendMbps: about(send, 3),
    receiveMbps: about(receive, 5),
    reason: null,
    explanation: null,
  };
}

const REASONS: Partial<Record<Method, string>> = {
  'tcp-punch': 'our SYNs reached their NAT, theirs never came',
  'udp-punch': 'none of 1,024 guesses was right',
};

const EXPLANATIONS = {
  'tcp-punch': {
    sentence: 'The NAT of side A takes a random port for each destination, and TCP cannot guess it.',
    confidence: 'likely',
    evidence: ['A sent 8', 'B sent 9', 'B received nothing'],
    help: 'try it over UDP (--methods u)',
  },
  'udp-punch': {
    sentence: 'By chance none of the guessed ports was the right one: about one time in three it is so.',
    confidence: 'certain',
    evidence: ['A opened 256 ports', 'B guessed 1,024 times'],
    help: 'try again: each time the odds are the same; or forward a port on one router',
  },
} as const;

function timelineOf(
  method: 'tcp-punch' | 'udp-punch',
  initiator: SideName,
  opens: boolean,
  elapsed: number,
): TrialMark[] {
  const end = Math.min(elapsed, 2_400);
  const bursts = method === 'udp-punch' ? 24 : 8;
  const other: SideName = initiator === 'a' ? 'b' : 'a';
  const marks = Array.from({ length: bursts }, (_, i): TrialMark[] => {
    const at = Math.round((60 + (i * (end - 80)) / bursts) * 10) / 10;
    const count = method === 'udp-punch' ? 16 : 1;
    return [
      { at, side: initiator, method, kind: 'sent' as const, count },
      { at: at + 4.5, side: other, method, kind: 'sent' as const, count },
      ...(method === 'tcp-punch' && i % 3 === 1
        ? [{ at: at + 45, side: other, method, kind: 'refused' as const, count: 1 }]
        : []),
    ];
  }).flat();
  if (opens) {
    marks.push(
      { at: elapsed - 22, side: other, method, kind: 'received', count: 1 },
      { at: elapsed - 1, side: initiator, method, kind: 'received', count: 1 },
      { at: elapsed, side: initiator, method, kind: 'open', count: 1 },
      { at: elapsed + 21, side: other, method, kind: 'open', count: 1 },
    );
  }
  return marks.sort((a, b) => a.at - b.at);
}

/** Every method opens, on both paths. */
export function easyTrial(): TrialDocument {
  const document = sampleTrial({ advice: ['Everything opens directly: nothing to do.'] });
  const cells = document.cells.map((cell) => ({
    ...cell,
    predicted: 'yes' as const,
    surprise: false,
    runs: [0, 1, 2, 3, 4].map((i) => runOf(cell.method, cell.initiator, true, i)),
  }));
  return {
    ...document,
    cells: [...cells, ...cells.map((cell) => ({ ...cell, path: 'local' as const }))],
  };
}

/** What somebody may try who wants his bytes to be obeyed by a browser, GitHub or a terminal. */
export const HOSTILE = [
  '</script><script>window.hacked = 1</script>',
  '"><img src=x onerror="window.hacked = 1">',
  '<a href="javascript:window.hacked=1">x</a></style><style>body{display:none}</style>',
  '![x](https://example.invalid/x.png) [y](https://example.invalid) | a | `b` **c** @someone #1',
  '\u202egnp.exe\u202c \u2066abc\u2069 \u200b\u001b[31mred\u0007\r\nnext',
  '<!-- --> <details> &lt; &#x3c; <svg onload="window.hacked=1"> https://example.invalid/ www.example.invalid',
] as const;

/** The same with hostile strings wherever the other side may have written. */
export function hostileTrial(): TrialDocument {
  const document = sampleTrial();
  let turn = 0;
  // Endpoints may have no more characters.
  const bad = () => (HOSTILE[turn++ % HOSTILE.length] ?? '').slice(0, 100);
  const side = ({ reports, ...rest }: TrialSide): TrialSide => ({
    ...rest,
    version: bad(),
    platform: bad(),
    reports: reports.map((report) => ({
      ...report,
      interface: bad(),
      udp: {
        ...report.udp,
        external: [bad()],
        unknown: [bad(), bad()],
        evidence: [{ test: bad(), server: bad(), local: bad(), mapped: bad(), rtt: 1 }],
      },
    })),
  });
  return {
    ...document,
    complete: false,
    incomplete: bad(),
    sides: { a: document.sides.a, b: side(document.sides.b) },
    advice: [...HOSTILE],
    cells: document.cells.map((cell) => ({
      ...cell,
      why: bad(),
      runs: cell.runs.map((run) => ({
        ...run,
        reason: run.reason === null ? null : bad(),
        explanation:
          run.explanation === null
            ? null
            : { sentence: bad(), confidence: 'likely', evidence: [bad(), bad()], help: bad() },
      })),
    })),
  };
}

/** As large as a trial gets: four places, a hundred runs of each way. */
export function bigTrial(): TrialDocument {
  const places = (['external', 'local'] as const).flatMap((path) =>
    ([4, 6] as const).map((family) => ({ path, family })),
  );
  const { cells, ...rest } = sampleTrial();
  return {
    ...rest,
    repeat: 100,
    cells: places.flatMap((place) =>
      cells.map((cell) => ({
        ...cell,
        ...place,
        runs: Array.from({ length: 100 }, (_, i) => runOf(cell.method, cell.initiator, i % 7 !== 3, i)),
      })),
    ),
  };
}
