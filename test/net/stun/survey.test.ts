import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSurvey, type SurveyInput, stepSurvey, type Vote } from '../../../src/net/stun/survey.ts';

const DEADLINE = 1_500;

/** What a server does when asked: after how long it says what, or fails (null); Infinity = silence. */
interface Behaviour {
  readonly after: number;
  readonly says: string | null;
  readonly ip?: string;
}

interface Outcome {
  readonly at: number;
  readonly agreed: readonly Vote[];
  /** When each was asked. */
  readonly asked: readonly number[];
}

const SILENT = { after: Number.POSITIVE_INFINITY, says: null } as const;

function reactionOf({ after, says, ip }: Behaviour, server: number): SurveyInput {
  if (says === null) return { kind: 'failed', server };
  return { kind: 'answered', vote: { server, ip: ip ?? `server ${server}`, outer: says, rtt: after } };
}

/** Lives through a survey in time of its own. */
function survey(servers: readonly Behaviour[], deadline = DEADLINE): Outcome {
  let state = createSurvey(servers.length, deadline, 0);
  const due: { at: number; input: SurveyInput }[] = [];
  const asked: number[] = [];
  let now = 0;
  for (let steps = 0; steps < 1_000; steps++) {
    const [event] = due.sort((a, b) => a.at - b.at);
    const input = event !== undefined && event.at <= state.wakeAt ? due.shift() : undefined;
    now = Math.max(now, input?.at ?? state.wakeAt);
    const result = stepSurvey(state, input?.input ?? { kind: 'tick' }, now);
    state = result.state;
    for (const effect of result.effects) {
      if (effect.kind === 'decided') return { at: now, agreed: effect.agreed, asked };
      asked.push(now);
      const behaviour = servers[effect.server] ?? SILENT;
      const at = now + behaviour.after;
      if (at < Number.POSITIVE_INFINITY) due.push({ at, input: reactionOf(behaviour, effect.server) });
    }
  }
  throw new Error('the survey does not end');
}

const honest = (after = 20): Behaviour => ({ after, says: 'outer' });
const liar = (after = 5, says = 'lie'): Behaviour => ({ after, says });
const dead = (after = 10): Behaviour => ({ after, says: null });
const silent: Behaviour = SILENT;
const outerOf = ({ agreed }: Outcome) => agreed[0]?.outer ?? null;

describe('STUN survey', () => {
  test('asks three at once and ends when two agree', () => {
    const outcome = survey([honest(20), honest(30), honest(40), honest(1)]);
    expect(outcome).toMatchObject({ at: 30, asked: [0, 0, 0] });
    expect(outcome.agreed.map(({ server }) => server)).toEqual([0, 1]);
  });

  test('one that fails is replaced at once', () => {
    expect(survey([dead(10), honest(30), silent, honest(15)])).toMatchObject({
      at: 30,
      asked: [0, 0, 0, 10],
    });
  });

  test('one that is silent is replaced after 300 ms', () => {
    expect(survey([silent, silent, honest(30), honest(20)])).toMatchObject({
      at: 320,
      asked: [0, 0, 0, 300],
    });
    expect(survey([silent, silent, silent, honest(20), honest(20), silent])).toMatchObject({
      at: 320,
      asked: [0, 0, 0, 300, 300, 300],
    });
  });

  test('one that was silent and speaks late still counts', () => {
    expect(survey([honest(900), honest(950), silent])).toMatchObject({ at: 950 });
  });

  test('on a slow path a lone answer waits as long again for another', () => {
    expect(outerOf(survey([liar(600), honest(610), honest(620)]))).toBe('outer');
    expect(survey([honest(400), silent, silent])).toMatchObject({ at: 800, agreed: [{ outer: 'outer' }] });
    expect(survey([honest(1_000), silent, silent])).toMatchObject({
      at: DEADLINE,
      agreed: [{ outer: 'outer' }],
    });
  });

  test('with a list of one its answer is enough', () => {
    const outcome = survey([honest(20)]);
    expect(outcome).toMatchObject({ at: 20 });
    expect(outcome.agreed).toHaveLength(1);
  });

  test('a lone answer counts as soon as no other is hopeful', () => {
    expect(survey([honest(20), dead(10), dead(50)])).toMatchObject({ at: 50, agreed: [{ outer: 'outer' }] });
    expect(survey([honest(20), silent, silent])).toMatchObject({ at: 300, agreed: [{ outer: 'outer' }] });
  });

  test('a liar changes nothing where two are honest', () => {
    expect(outerOf(survey([liar(), honest(), honest()]))).toBe('outer');
    expect(outerOf(survey([liar(), liar(5, 'another'), honest(), honest()]))).toBe('outer');
    expect(outerOf(survey([liar(), silent, dead(), honest(), honest()]))).toBe('outer');
  });

  test('one against one is nothing', () => {
    expect(survey([liar(), honest()])).toEqual({ at: 20, agreed: [], asked: [0, 0] });
    expect(outerOf(survey([liar(), honest(), silent]))).toBeNull();
    expect(survey([liar(), honest(), honest(700)])).toMatchObject({ at: 720 - 20 });
  });

  test('two names of one machine have one vote', () => {
    const twin = { ip: 'same' };
    expect(outerOf(survey([{ ...liar(), ...twin }, { ...liar(6), ...twin }, honest(), honest(30)]))).toBe(
      'outer',
    );
    expect(
      survey([
        { ...honest(), ...twin },
        { ...honest(), ...twin },
      ]).agreed,
    ).toHaveLength(1);
  });

  test('nobody answers: it ends when all have failed, and at its deadline', () => {
    expect(survey([dead(10), dead(20), dead(30), dead(40)])).toMatchObject({ at: 50, agreed: [] });
    expect(survey([silent, dead()])).toMatchObject({ at: DEADLINE, agreed: [] });
    expect(survey([])).toMatchObject({ at: 0, agreed: [] });
  });

  test('whatever servers do it ends in time, and two honest ones among the asked outvote lone liars', () => {
    const behaviour = fc.oneof(
      fc.record({ after: fc.integer({ min: 0, max: 299 }), says: fc.constant('outer') }),
      fc.record({ after: fc.integer({ min: 0, max: 2_000 }), says: fc.constantFrom(null, 'outer') }),
      fc.constant(silent),
    );
    fc.assert(
      fc.property(fc.array(behaviour, { maxLength: 12 }), fc.nat(12), (others, place) => {
        const servers = [...others];
        servers.splice(place, 0, liar(3));
        const outcome = survey(servers);
        expect(outcome.at).toBeLessThanOrEqual(DEADLINE);
        const quick = servers.slice(0, 3).filter(({ after, says }) => says === 'outer' && after < 300);
        if (quick.length >= 2) expect(outerOf(outcome)).toBe('outer');
        expect(new Set(outcome.agreed.map(({ ip }) => ip)).size).toBe(outcome.agreed.length);
      }),
    );
  });
});
