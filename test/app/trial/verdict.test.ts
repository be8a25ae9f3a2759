import { expect, test } from 'vitest';
import type { TrialCell } from '../../../src/app/trial/document.ts';
import { verdictOf } from '../../../src/app/trial/verdict.ts';
import { easyTrial, sampleTrial } from '../../helpers/sample-trial.ts';

const only = (...methods: TrialCell['method'][]) => ({
  ...sampleTrial(),
  cells: sampleTrial().cells.filter(({ method }) => methods.includes(method)),
});

test('verdict: says how, how fast and how often', () => {
  expect(verdictOf(sampleTrial())).toEqual({
    sentence:
      'These two machines sometimes reach each other without a relay: by UDP hole punching, in about 638 ms, 4 times out of 5. A relay opens every time.',
    mood: 'mixed',
  });
  expect(verdictOf(easyTrial()).sentence).toBe(
    'These two machines reach each other without a relay on their own network: by a direct connection, in about 85 ms, every time (5 of 5).',
  );
  expect(verdictOf(only('udp-punch')).sentence).toMatch(/4 times out of 5\.$/);
});

test('verdict: only a relay, nothing at all, nothing tried', () => {
  expect(verdictOf(only('relay'))).toMatchObject({
    sentence: expect.stringMatching(/only through a relay, in about 242 ms, every time \(5 of 5\)\.$/),
    mood: 'relayed',
  });
  expect(verdictOf(only('direct'))).toEqual({
    sentence: 'These two machines found no way to each other.',
    mood: 'bad',
  });
  expect(verdictOf(only()).mood).toBe('empty');
});

test('verdict: one lucky try is told as one', () => {
  expect(verdictOf(only('tcp-punch')).sentence).toMatch(/the one time that it was tried\.$/);
});
