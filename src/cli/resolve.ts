/** The resolve command: a nickname's address and its owner's key, as text or as one document. */
import { type ResolveReport, resolve } from '../app/journeys/look-up.ts';
import { chooseServers } from '../app/journeys/servers.ts';
import { jsonDocument } from './json.ts';
import { type CommonOptions, configOf } from './options.ts';
import { write } from './output.ts';
import { runJourney, voiceOf } from './run.ts';

export async function runResolve(nickname: string, options: CommonOptions): Promise<void> {
  const json = options.json ? 'document' : false;
  await runJourney(configOf(options), { ...voiceOf(options), json }, async (ctx) => {
    const report = await resolve(ctx, nickname, await chooseServers(ctx));
    write(process.stdout, `${json ? jsonDocument(report) : resolveText(report)}\n`);
  });
}

const KEYS: Readonly<Record<ResolveReport['key'], string>> = {
  new: 'not seen before',
  known: 'the same as before',
  changed: 'ANOTHER THAN BEFORE: somebody else may have taken the name',
};

function resolveText({ name, address, publicKey, updated, expires, key, servers }: ResolveReport): string {
  const dateOf = (seconds: number) => new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 16);
  const lines = [
    ['name', name],
    ['key', `${publicKey} (${KEYS[key]})`],
    ['updated', `${dateOf(updated)} UTC${expires === null ? '' : `, expires ${dateOf(expires)} UTC`}`],
    ['servers', servers.map(({ host, state }) => `${host}: ${state}`).join(', ')],
  ];
  return [address, ...lines.map(([label = '', text = '']) => `${label.padEnd(9)}${text}`)].join('\n');
}
