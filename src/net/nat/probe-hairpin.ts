/**
 * Hairpinning (RFC 4787 §6): two ports of ours send to each other's outer endpoint, both, so that no
 * filter is in the way. Effects only.
 */

import { NAT_HAIRPIN } from '../nat-timing.ts';
import { TRANSACTION_ID_LENGTH } from '../stun/message.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import type { ProbeTask } from './task.ts';
import type { UdpSample } from './udp-port.ts';
import { trustedIps } from './verdict.ts';

/** Closes the ports. */
export async function probeHairpin(
  task: ProbeTask,
  samples: readonly UdpSample[],
  rtt: number,
): Promise<void> {
  // A server that lies must not choose whom we send to.
  const outer = trustedIps(task.notes.all);
  const [a, b] = samples.filter(({ mapped }) => outer.has(mapped.ip));
  try {
    if (a !== undefined && b !== undefined) await testBetween(task, a, b, rtt);
  } finally {
    for (const { port } of samples) port.close();
  }
}

async function testBetween(task: ProbeTask, a: UdpSample, b: UdpSample, rtt: number): Promise<void> {
  const { io, notes, signal } = task;
  const [toA, toB] = [io.randomBytes(TRANSACTION_ID_LENGTH), io.randomBytes(TRANSACTION_ID_LENGTH)];
  const heard = Promise.race([a.port.expect(toA), b.port.expect(toB)]);
  const order = notes.next();
  const startedAt = io.now();
  const patience = Math.max(NAT_HAIRPIN, 1.5 * rtt);
  for (const part of [0, 0.2, 0.4]) {
    await io.sleepUntil(startedAt + part * patience, signal);
    a.port.hello(toB, b.mapped);
    b.port.hello(toA, a.mapped);
  }
  const over = new AbortController();
  const silence = io.sleepUntil(startedAt + patience, AbortSignal.any([signal, over.signal]));
  const first = await Promise.race([heard, silence]);
  over.abort();
  const passed = first !== undefined;
  if (signal.aborted && !passed) return;
  const seen: Endpoint | null = passed && first.kind === 'answered' ? first.answer.mapped : null;
  notes.add({
    test: 'hairpin',
    server: b.mapped,
    local: a.port.local,
    mapped: seen,
    rtt: passed ? io.now() - startedAt : null,
    order,
    run: 0,
    outcome: passed ? 'answered' : 'silent',
  });
}
