/**
 * NAT reports as `--json` prints them and as the other side sends them: foreign JSON, with a limit on everything.
 * Names that the program adds for readers are dropped. Rules only; `schema.ts` says what was wrong.
 */
import * as v from 'valibot';

/** Of lists and texts; what the program makes itself stays far below. */
export const NAT_LIMITS = {
  reports: 64,
  /** Characters of an interface's name; Windows has long ones. */
  name: 200,
  /** Characters of a sentence. */
  sentence: 500,
  /** Outer addresses of one NAT's pool. */
  external: 64,
  /** Things seen of one transport; a test of ports takes dozens. */
  evidence: 512,
  unknown: 32,
  /** Characters of `[ip6%scope]:port`. */
  endpoint: 100,
  /** ms: a week; nothing measured here lasts longer. */
  duration: 604_800_000,
} as const;

const DEPENDENCE = ['endpoint-independent', 'address-dependent', 'address-and-port-dependent'] as const;

export const text = (limit: number) =>
  v.pipe(v.string('must be a text'), v.maxLength(limit, `is longer than ${limit} characters`));
export const numberIn = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number'),
    v.minValue(least, `must be ${least} to ${most}`),
    v.maxValue(most, `must be ${least} to ${most}`),
  );
export const wholeIn = (least: number, most: number) =>
  v.pipe(numberIn(least, most), v.integer('must be a whole number'));
export const oneOf = <const T extends readonly (string | number)[]>(values: T) =>
  v.picklist(values, `must be ${values.join(' or ')}`);
export const listOf = <S extends v.GenericSchema>(item: S, limit: number) =>
  v.pipe(v.array(item, 'must be a list'), v.maxLength(limit, `has more than ${limit} entries`));
export const yesOrNo = v.boolean('must be true or false');
export const duration = numberIn(0, NAT_LIMITS.duration);
export const family = oneOf([4, 6]);
export const sentence = text(NAT_LIMITS.sentence);

const port = wholeIn(0, 65_535);
const share = numberIn(0, 1);
const endpoint = text(NAT_LIMITS.endpoint);

const transport = {
  type: v.nullable(oneOf([1, 2, 3, 4, 5, 6, 7])),
  mapping: v.nullable(oneOf(DEPENDENCE)),
  filtering: v.nullable(oneOf(DEPENDENCE)),
  delta: v.object(
    { type: v.nullable(oneOf([1, 2, 3, 4, 5, 6])), value: wholeIn(-65_535, 65_535) },
    'must be {"type", "value"}',
  ),
  range: v.nullable(v.tuple([port, port], 'must be two ports')),
  external: listOf(endpoint, NAT_LIMITS.external),
  hairpin: v.nullable(yesOrNo),
  parity: v.nullable(yesOrNo),
  confidence: v.object({ delta: share, range: share }, 'must be {"delta", "range"}'),
  unknown: listOf(sentence, NAT_LIMITS.unknown),
  evidence: listOf(
    v.object(
      {
        test: text(NAT_LIMITS.name),
        server: endpoint,
        local: endpoint,
        mapped: v.nullable(endpoint),
        rtt: v.nullable(duration),
      },
      'must be {"test", "server", "local", "mapped", "rtt"}',
    ),
    NAT_LIMITS.evidence,
  ),
};

const offer = v.nullable(yesOrNo);

const natReport = v.object(
  {
    interface: text(NAT_LIMITS.name),
    family,
    elapsed: duration,
    udp: v.object(transport, 'must be what UDP met'),
    tcp: v.object({ ...transport, unsolicited: oneOf(['drop', 'reset', 'unknown']) }, 'must be what TCP met'),
    portMapping: v.optional(
      v.object({ upnp: offer, natPmp: offer, pcp: offer }, 'must be {"upnp", "natPmp", "pcp"}'),
    ),
  },
  'must be a NAT report',
);

export const natReports = listOf(natReport, NAT_LIMITS.reports);
