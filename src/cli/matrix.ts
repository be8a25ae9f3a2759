/** The matrix command: the NAT × NAT table of expected outcomes, as text or one JSON document. */
import { matrix } from '../app/journeys/matrix.ts';
import { jsonDocument } from './json.ts';
import { matrixText } from './matrix-text.ts';
import { type CommonOptions, configOf } from './options.ts';
import { write } from './output.ts';
import { runJourney, type Voice, voiceOf } from './run.ts';

export async function runMatrix(options: CommonOptions): Promise<void> {
  const voice: Voice = { ...voiceOf(options), json: options.json ? 'document' : false };
  await runJourney(configOf(options), voice, async (ctx) => {
    const { cells, own } = await matrix(ctx);
    write(process.stdout, `${options.json ? jsonDocument({ cells }) : matrixText(own)}\n`);
  });
}
