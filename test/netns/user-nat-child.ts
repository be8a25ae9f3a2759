/**
 * The process that translates packets of a router in a namespace: IP packets come and go as datagrams
 * (socat's TUN device), the rules are the simulation's. A line of JSON on stdin sets the rules anew.
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { Nat, type NatOptions } from '../../src/lab/nat.ts';
import { createRandom } from '../../src/lab/random.ts';
import { parsePacket, resetOf, rewritten } from './ip-packet.ts';

const [own = '7777', device = '7778', inside = '192.168.1.', delay = '0'] = process.argv.slice(2);

interface Rules {
  readonly options: NatOptions;
  readonly external: readonly string[];
  readonly seed: string;
  /** Chance of each packet to be lost. */
  readonly loss: number;
}

let nat: Nat | null = null;
let loss = 0;
let random = createRandom('');
const socket = createSocket('udp4');

socket.on('message', (bytes) => {
  const packet = parsePacket(bytes);
  if (packet === null || nat === null || random.chance(loss)) return;
  const now = performance.now();
  const fromInside = packet.src.ip.startsWith(inside);
  const verdict = fromInside ? nat.translateOut(packet, now) : nat.translateIn(packet, now);
  if (verdict.kind === 'pass' || verdict.kind === 'hairpin')
    inject(rewritten(bytes, verdict.src, verdict.dst));
  else if (verdict.kind === 'reset') inject(resetOf(bytes, packet));
});

function inject(bytes: Buffer): void {
  if (delay === '0') socket.send(bytes, Number(device), '127.0.0.1');
  else setTimeout(() => socket.send(bytes, Number(device), '127.0.0.1'), Number(delay));
}

socket.bind(Number(own), '127.0.0.1', () => process.stdout.write('listening\n'));
createInterface({ input: process.stdin }).on('line', (line) => {
  const rules = JSON.parse(line) as Rules;
  const { options, external, seed } = rules;
  loss = rules.loss;
  random = createRandom(seed);
  nat = new Nat(options, options.translates ? external : [], seed);
  process.stdout.write(`rules ${seed}\n`);
});
process.stdin.on('end', () => process.exit());
