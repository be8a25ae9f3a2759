/** NATs as people name them. */
import { expect, test } from 'vitest';
import { sideName } from '../../src/app/matrix-view.ts';
import { parseNatSpec } from '../../src/app/nat-spec.ts';
import { COMBINATIONS } from '../../src/net/index.ts';

test.each(COMBINATIONS)(
  'NAT spec: $type × $delta by the name that the matrix prints, and by numbers',
  (side) => {
    const { type, delta } = parseNatSpec(sideName(side));
    expect({ type, delta: delta.type }).toEqual(side);
    expect(parseNatSpec(`${side.type},${side.delta}`)).toEqual({ type, delta });
  },
);

test.each([
  ['Restrict-Port, EQUAL', 5, 2, 0],
  ['full_cone', 3, 2, 0],
  ['symmetric,independent', 6, 4, 1],
  ['symmetric,dependent', 6, 5, 2],
  ['symmetric,independent,-7', 6, 4, -7],
  ['open internet,random', 1, 1, 0],
])('NAT spec: %s', (text, type, delta, value) => {
  expect(parseNatSpec(text)).toEqual({ type, delta: { type: delta, value } });
});

test.each([
  ['', '"" is none of open internet'],
  ['cone', '"cone" is none of'],
  ['8,2', '"8" is none of'],
  ['symmetric,often', '"often" is none of'],
  ['symmetric,not applicable', 'has a delta'],
  ['symmetric,random,3', 'a random delta has no value'],
  ['symmetric,independent,0', 'and not 0'],
  ['symmetric,independent,1.5', 'a whole number'],
  ['symmetric,independent,', 'a whole number'],
  ['symmetric,independent,1,2', 'more than three parts'],
])('NAT spec: "%s" names none, and it is said why', (text, why) => {
  expect(() => parseNatSpec(text)).toThrow(why);
});
