/** The nat command: NAT reports as text, Markdown or one JSON document. */
import { nat } from '../app/journeys/nat.ts';
import { jsonDocument } from './json.ts';
import { natJson } from './nat-json.ts';
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
  });
}
