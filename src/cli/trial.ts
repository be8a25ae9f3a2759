/** The trial command: runs one, takes part in one, compares two, or runs one again in the simulation. */
import { writeFile } from 'node:fs/promises';
import type { Config } from '../app/config.ts';
import { acceptTrial } from '../app/journeys/accept-trial.ts';
import type { Context } from '../app/journeys/context.ts';
import { trial } from '../app/journeys/trial.ts';
import type { TrialDocument } from '../app/trial/document.ts';
import { trialJson } from '../app/trial/json.ts';
import { redact } from '../app/trial/redact.ts';
import { P2pdError, reasonOf } from '../net/index.ts';
import { jsonDocument } from './json.ts';
import { type CommonOptions, configOf } from './options.ts';
import { write } from './output.ts';
import { runJourney, type Voice, voiceOf } from './run.ts';

declare const __VERSION__: string;

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

/** How the program tells of itself in reports. */
const ABOUT = { version: __VERSION__, platform: `${process.platform} ${process.arch}` };

export async function runTrial(peer: string | undefined, options: TrialCommandOptions): Promise<void> {
  const config = configOf(options);
  const voice: Voice = { ...voiceOf(options), json: options.json ? 'document' : false };
  if (options.accept) {
    await runJourney(config, { ...voice, address: true, invites: 'trial', interruptedExit: 0 }, (ctx) =>
      takePart(ctx, options),
    );
    return;
  }
  await runJourney(config, voice, (ctx) => start(ctx, peer ?? '', options));
}

async function start(ctx: Context, peer: string, options: TrialCommandOptions): Promise<number> {
  const { repeat, acceptNewKey = false } = options;
  const document = await trial(ctx, { peer, repeat, acceptNewKey, about: ABOUT });
  await print(document, options);
  return document.sides.b.version === 'unknown' ? 10 : 0;
}

async function takePart(ctx: Context, options: TrialCommandOptions): Promise<number> {
  const document = await acceptTrial(ctx, { nickname: options.nickname ?? null, about: ABOUT });
  if (document !== null) await print(document, options);
  return 0;
}

async function print(whole: TrialDocument, options: TrialCommandOptions): Promise<void> {
  const document = options.redact ? redact(whole) : whole;
  write(process.stdout, `${jsonDocument(trialJson(document))}\n`);
}
