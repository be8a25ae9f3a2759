/**
 * Memory of a node that accepts and idles, against a bare Node process; then what each of many idle
 * pipes adds to it. Linux (reads /proc).
 *
 *   npm run build && node bench/memory.js [pipes]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { P2PNode } from '../dist/lib/library.js';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PIPES = Number(process.argv[2] ?? 1_000);
const ROUNDS = 3;
/** ms until the collector has had its turn. */
const SETTLE = 4_000;
/** Fewer than one address may have under way. */
const AT_ONCE = 8;

/** Resident memory in KiB. @param {number | undefined} pid */
function residentOf(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function bareNode() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
  await sleep(SETTLE);
  const memory = residentOf(child.pid);
  child.kill('SIGKILL');
  return memory;
}

/** @param {string} home @param {(address: string, pid: number | undefined) => Promise<void>} use */
async function accepting(home, use) {
  const program = join(ROOT, 'bin/p2pd-demo.js');
  const child = spawn(process.execPath, [program, 'accept', '--json'], {
    env: { ...process.env, P2PD_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.event !== 'ready') continue;
    child.stdout.resume();
    await sleep(SETTLE);
    await use(event.address, child.pid);
    break;
  }
  child.kill('SIGKILL');
}

/** @param {P2PNode} node @param {string} address */
async function openPipes(node, address) {
  let left = PIPES;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await node.connect(address);
    }),
  );
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** @type {{bare: number[], idle: number[], pipe: number[]}} */
const seen = { bare: [], idle: [], pipe: [] };
for (let round = 0; round < ROUNDS; round++) {
  const home = mkdtempSync(join(tmpdir(), 'p2pd-memory-'));
  seen.bare.push(await bareNode());
  await accepting(home, async (address, pid) => {
    const before = residentOf(pid);
    seen.idle.push(before);
    const node = await P2PNode.start({ state: home });
    await openPipes(node, address);
    await sleep(SETTLE);
    seen.pipe.push((residentOf(pid) - before) / PIPES);
    await node.stop();
  });
  rmSync(home, { recursive: true, force: true });
}
const ratio = median(seen.idle.map((idle, i) => idle / (seen.bare[i] ?? Number.NaN)));
console.log(`memory, ${ROUNDS} rounds, medians`);
console.log(`  bare Node            ${(median(seen.bare) / 1024).toFixed(1)} MiB`);
console.log(`  idle accepting node  ${(median(seen.idle) / 1024).toFixed(1)} MiB`);
console.log(`  ratio                ${ratio.toFixed(2)} (target at most 1.4)`);
console.log(`  each of ${PIPES} pipes   ${median(seen.pipe).toFixed(1)} KiB (target at most 100)`);
