/** Nicknames in the library, as another program uses it. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { inLab } from './lab.ts';
import { lan } from './plans.ts';

const LIBRARY = pathToFileURL(join(import.meta.dirname, '../../dist/lib/library.js')).href;

const script = (body: string) => `
import { readFileSync } from 'node:fs';
import { P2PNode } from ${JSON.stringify(LIBRARY)};
const servers = { stun: [], mqtt: [], ntp: [], turn: [], ...JSON.parse(readFileSync(process.env.SERVERS, 'utf8')), };
const node = await P2PNode.start({ servers: { ...servers, stun: [], ntp: [], mqtt: [] } });
${body}`;

const HOLDER = script(`
node.addMessageHandler((message, from, pipe) => pipe.send('PONG'));
console.log('name', await node.nickname('alice'));
setInterval(() => undefined, 1000);`);

const CALLER = script(`
const answer = new Promise((resolve) => node.addMessageHandler((message) => resolve(String(message))));
const pipe = await node.connect('alice');
await pipe.send('PING');
console.log('answer', await answer);
await node.nickname('alice').catch((error) => console.log('code', error.code));
await node.connect('nobody').catch((error) => console.log('code', error.code));
await node.stop();
process.exit();`);

describeNeeding({ namespaces: true, commands: ['ip'] }, 'library', () => {
  test(
    'node.nickname registers, node.connect takes a nickname, errors have their codes',
    { timeout: 30_000 },
    inLab(lan, async (lab) => {
      const serve = lab.start('c', ['serve', '--json', '--host', '10.1.0.3'], { input: null });
      const { servers } = await serve.event('ready');
      const file = lab.file('servers.json', JSON.stringify(servers));
      const run = (machine: string, text: string) =>
        lab.run(machine, ['env', `SERVERS=${file}`, process.execPath, '--input-type=module', '-e', text]);
      const holder = run('b', HOLDER);
      await holder.until('the name', () => holder.stdout.includes('name alice.p2p') || undefined);
      const caller = await run('a', CALLER).exits(0);
      expect(caller.stdout.trim().split('\n')).toEqual([
        'answer PONG',
        'code NAME_TAKEN',
        'code NAME_NOT_FOUND',
      ]);
    }),
  );
});
