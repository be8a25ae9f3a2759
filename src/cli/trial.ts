/** The trial command: runs one, takes part in one, compares two, or runs one again in a simulation. */
import { acceptTrial } from '../app/journeys/accept-trial.ts';
import type { Context } from '../app/journeys/context.ts';
import { trial } from '../app/journeys/trial.ts';
import { compareTrials } from '../app/trial/compare.ts';
import { comparisonMarkdown, comparisonText } from '../app/trial/compare-text.ts';
import type { TrialDocument } from '../app/trial/document.ts';
import { formOf, reportAs, writeReport } from '../app/trial/forms.ts';
import { trialJson } from '../app/trial/json.ts';
import { readTrial } from '../app/trial/read.ts';
import { redact } from '../app/trial/redact.ts';
import { P2pdError } from '../net/index.ts';
import { jsonDocument } from './json.ts';
import { type CommonOptions, configOf } from './options.ts';
import { write } from './output.ts';
import { runJourney, type Voice, voiceOf } from './run.ts';
import { textOf } from './trial-text.ts';

export interface TrialCommandOptions extends CommonOptions {
  readonly accept?: boolean;
  readonly nickname?: string;
  readonly acceptNewKey?: boolean;
  readonly repeat: number;
  readonly report?: string;
  readonly format: 'text' | 'markdown';
  readonly redact?: boolean;
  readonly compare?: string;
  readonly replay?: string;
}

/** @param peer whom to meet; with --compare the second file */
export async function runTrial(peer: string | undefined, options: TrialCommandOptions): Promise<void> {
  const voice: Voice = { ...voiceOf(options), json: options.json ? 'document' : false };
  const listens: Voice = { ...voice, address: 'stdout', invites: 'trial', interruptedExit: 0 };
  await runJourney(configOf(options), options.accept ? listens : voice, (ctx) => {
    // Told before ten minutes have gone into it.
    if (options.report !== undefined) formOf(options.report);
    return journeyOf(ctx, peer, options);
  });
}

function journeyOf(ctx: Context, peer: string | undefined, options: TrialCommandOptions): Promise<number> {
  const { accept, compare, replay } = options;
  const modes = [
    accept && '--accept',
    compare !== undefined && '--compare',
    replay !== undefined && '--replay',
  ];
  const given = modes.filter((mode) => typeof mode === 'string');
  if (given.length > 1) throw new P2pdError('USAGE', `${given.join(' and ')} exclude each other`);
  if (compare !== undefined) return tellChanges(compare, peer, options);
  if (peer !== undefined && given.length > 0)
    throw new P2pdError(
      'USAGE',
      `with ${given.join()} no other side is named: leave ${JSON.stringify(peer)} out`,
    );
  if (accept) return takePart(ctx, options);
  if (replay !== undefined) return runAgain(ctx, replay, options);
  if (peer === undefined)
    throw new P2pdError('USAGE', 'whom to try with is missing', {
      hint: 'run trial --accept on one machine, and here trial with the address that it prints',
    });
  return start(ctx, peer, options);
}

async function start(ctx: Context, peer: string, options: TrialCommandOptions): Promise<number> {
  const { repeat, acceptNewKey = false } = options;
  const document = await trial(ctx, { peer, repeat, acceptNewKey });
  await tell(document, options);
  return isOneSided(document) ? NO_PIPE : 0;
}

async function takePart(ctx: Context, options: TrialCommandOptions): Promise<number> {
  const document = await acceptTrial(ctx, { nickname: options.nickname ?? null });
  if (document !== null) await tell(document, options);
  return 0;
}

async function runAgain(ctx: Context, path: string, options: TrialCommandOptions): Promise<number> {
  const { replayTrial } = await import('../app/journeys/replay-trial.ts');
  await tell(await replayTrial(ctx, await readTrial(path), options.repeat), options);
  return 0;
}

async function tellChanges(
  first: string,
  second: string | undefined,
  { json, format }: TrialCommandOptions,
): Promise<number> {
  if (second === undefined)
    throw new P2pdError('USAGE', '--compare needs two files', {
      hint: 'trial --compare before.json after.json',
    });
  const [before, after] = await Promise.all([readTrial(first), readTrial(second)]);
  const changes = compareTrials(before, after);
  const text = format === 'markdown' ? comparisonMarkdown(changes) : comparisonText(changes);
  write(process.stdout, `${json ? jsonDocument(changes) : text}\n`);
  return 0;
}

/** On stdout, and where --report says. */
async function tell(whole: TrialDocument, options: TrialCommandOptions): Promise<void> {
  const document = options.redact ? redact(whole) : whole;
  if (options.json) write(process.stdout, `${jsonDocument(trialJson(document))}\n`);
  else if (options.format === 'markdown') write(process.stdout, await reportAs(document, 'markdown'));
  else write(process.stdout, `${textOf(document)}\n`);
  if (options.report === undefined) return;
  await writeReport(options.report, document);
  write(process.stderr, `the report is in ${options.report}\n`);
}

/** What `connect` exits with where no method reached the peer. */
const NO_PIPE = 10;

/** The other side never spoke. */
function isOneSided({ sides }: TrialDocument): boolean {
  return sides.b.platform === null && sides.b.reports.length === 0;
}
