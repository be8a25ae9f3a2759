/** A file over a punched pipe while a router starts anew in the middle: real packets, and every byte is there. */
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import { describeNeeding } from '../helpers/needs.ts';
import type { Program } from './lab.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS } from './two-nats.ts';

/** `REBOOT_MIB=1024` for the long one. */
const MIB = Number(process.env.REBOOT_MIB ?? 64);
const SIZE = MIB * 1024 * 1024;
const CHUNK = Buffer.alloc(1024 * 1024);

async function writeSample(path: string): Promise<void> {
  await pipeline(function* () {
    for (let i = 0; i < MIB; i++) yield Buffer.from(randomFillSync(CHUNK));
  }, createWriteStream(path));
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Until so much is there: piece by piece, as each has its own limit of time. */
async function arrived(program: Program, share: number): Promise<void> {
  for (let part = 0.05; part < share + 0.001; part += 0.05) {
    await program.until(`${Math.round(part * 100)} % of the file`, () => {
      const last = program.all('file').at(-1);
      return last?.state === 'done' || Number(last?.done ?? 0) >= part * SIZE ? true : undefined;
    });
  }
}

describeNeeding(TWO_NATS_NEEDS, 'a file and a router that starts anew', () => {
  for (const methods of ['p', 'u'])
    test(
      `${methods === 'p' ? 'TCP' : 'UDP'}: all mappings are gone in the middle; the file is whole, and nothing was sent twice`,
      { timeout: 60_000 + MIB * 300 },
      behindTwoNats(async (lab, nats) => {
        const nat = natPreset('restrict port', 'random');
        await become(nats, nat, nat);
        const path = lab.file('sample.bin');
        const folder = join(path, '..', 'in');
        mkdirSync(folder);
        await writeSample(path);
        const { address, program: taker } = await lab.accept('b', [
          ...['--save-to', folder, '--servers', nats.servers],
        ]);
        const command = ['connect', address, '--json', '--send-file', path, '--servers', nats.servers];
        const giver = lab.start('a', [...command, '--methods', methods]);
        await arrived(giver, 0.4);
        await nats.a.become(nat, 0);
        await arrived(giver, 1);
        await giver.exits(0);
        expect(giver.all('file').at(-1)).toMatchObject({ state: 'done', done: SIZE, from: 0 });
        expect(taker.all('file').at(-1)).toMatchObject({ state: 'done', kept: join(folder, 'sample.bin') });
        expect(giver.all('path').length).toBeGreaterThan(0);
        expect(await hashOf(join(folder, 'sample.bin'))).toBe(await hashOf(path));
        const [start, done] = [giver.all('file')[0], giver.all('file').at(-1)];
        console.log(
          `${MIB} MiB ${methods}: ${Number(done?.at) - Number(start?.at)} ms, ` +
            `${giver.all('path').map(({ elapsed }) => elapsed)} ms without a path`,
        );
      }),
    );
});
