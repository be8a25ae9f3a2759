/** The nat command: NAT reports as text, Markdown or one JSON document. */
import { errorEvent, exitCodeOf } from '../app/failure.ts';
import type { Context } from '../app/journeys/context.ts';
import { nat } from '../app/journeys/nat.ts';
import { natJson } from '../app/nat-json.ts';
import { type NatReport, P2pdError } from '../net/index.ts';
import { jsonDocument } from './json.ts';
import { natMarkdown, natText } from './nat-text.ts';
import { type CommonOptions, configOf } from './options.ts';
import { write } from './output.ts';
import { runJourney, type Voice, voiceOf } from './run.ts';

export interface NatCommandOptions extends CommonOptions {
  readonly format: 'text' | 'markdown';
}

export async function runNat(options: NatCommandOptions): Promise<void> {
  const voice: Voice = { ...voiceOf(options), json: options.json ? 'document' : false };
  await runJourney(configOf(options), voice, async (ctx) => {
    const startedAt = ctx.io.now();
    const reports = await nat(ctx);
    const elapsed = Math.round(ctx.io.now() - startedAt);
    const inWords = options.format === 'markdown' ? natMarkdown : natText;
    const text = options.json ? jsonDocument({ elapsed, reports: reports.map(natJson) }) : inWords(reports);
    write(process.stdout, `${text}\n`);
    return isNothing(reports) ? tellNothing(ctx) : 0;
  });
}

/** Nobody was heard, and it is not known why. */
function isNothing(reports: readonly NatReport[]): boolean {
  return reports.every(({ udp, tcp }) =>
    [udp, tcp].every(({ type, external }) => type === null && external.length === 0),
  );
}

/** @returns the exit code */
function tellNothing(ctx: Context): number {
  const fault = new P2pdError('NO_SERVICE', 'no STUN server answered');
  ctx.emit(errorEvent(fault));
  return exitCodeOf(fault);
}
