/** The interfaces command: a table or one JSON document. Apart, as no node needs what tables need. */
import { interfaces } from '../app/journeys/interfaces.ts';
import { jsonDocument } from './json.ts';
import { type CommonOptions, configOf } from './options.ts';
import { runJourney, type Voice, voiceOf } from './run.ts';
import { interfacesTable } from './tables.ts';

export async function runInterfaces(options: CommonOptions): Promise<void> {
  const voice: Voice = { ...voiceOf(options), json: options.json ? 'document' : false };
  await runJourney(configOf(options), voice, async (ctx) => {
    const found = await interfaces(ctx);
    const text = options.json
      ? jsonDocument({ interfaces: found.map((nic) => nic.toDict()) })
      : interfacesTable(found);
    process.stdout.write(`${text}\n`);
  });
}
