/**
 * What one side says of itself and its peer ("our router", "they sent") as a report says it: side A, side B. The
 * sentences are this program's own (net/connect, net/meeting, net/nat/matrix), so the phrases are known. Pure.
 */
import type { SideName, TrialExplanation } from './document.ts';
import { NAT_LIMITS } from './nat-schema.ts';
import { TRIAL_LIMITS } from './schema.ts';

/** `own`, `peer`: what stands for the side; longer phrases come first. */
const PHRASES: readonly (readonly [phrase: string, side: 'own' | 'peer', with_: string])[] = [
  ['no own address', 'own', 'no address of @'],
  ['the own address', 'own', 'the address of @'],
  ['the other router', 'peer', 'the router of @'],
  ['the other machine', 'peer', 'the machine of @'],
  ['the other program', 'peer', 'the program of @'],
  ['the other side', 'peer', '@'],
  ['the peer', 'peer', '@'],
  ['this side', 'own', '@'],
  ['theirs', 'peer', "@'s"],
  ['their', 'peer', "@'s"],
  ['they', 'peer', '@'],
  ['them', 'peer', '@'],
  ['ours', 'own', "@'s"],
  ['our', 'own', "@'s"],
  ['your', 'own', "@'s"],
  ['we', 'own', '@'],
  ['us', 'own', '@'],
];
const BY_PHRASE = new Map(PHRASES.map(([phrase, side, text]) => [phrase, { side, text }] as const));
/** In `thousands of them` they are ports. */
const KEPT = ['thousands of them', 'one of them'];
const ANY = new RegExp(`\\b(?:${[...KEPT, ...PHRASES.map(([phrase]) => phrase)].join('|')})\\b`, 'gi');

/** @param own the side that says it */
export function inThirdPerson(text: string, own: SideName): string {
  return text.replace(ANY, (found) => {
    const phrase = BY_PHRASE.get(found.toLowerCase());
    if (phrase === undefined) return found;
    const isA = (own === 'a') === (phrase.side === 'own');
    const name = isA ? 'side A' : 'side B';
    const said = phrase.text.replace('@', name);
    const isFirst = found.charAt(0) !== found.charAt(0).toLowerCase();
    return isFirst ? said.charAt(0).toUpperCase() + said.slice(1) : said;
  });
}

/** So that what is written can be read back: texts have a limit there. */
export function shortened(text: string, limit: number = NAT_LIMITS.sentence): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

/** As a run of that side tells it. */
export function explanationOf(
  { sentence, confidence, evidence, help }: TrialExplanation,
  own: SideName,
): TrialExplanation {
  const said = (text: string) => shortened(inThirdPerson(text, own));
  return {
    sentence: said(sentence),
    confidence,
    evidence: evidence.slice(0, TRIAL_LIMITS.evidence).map(said),
    help: help === null ? null : said(help),
  };
}
