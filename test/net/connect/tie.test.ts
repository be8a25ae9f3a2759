import { expect, test } from 'vitest';
import { createLab } from '../../../src/lab/index.ts';
import { type Attempt, newAttempt } from '../../../src/net/connect/attempt.ts';
import { isBetterOverUdp, type Measured } from '../../../src/net/connect/quality.ts';
import { Tie } from '../../../src/net/connect/tie.ts';

const measured = (transport: 'tcp' | 'udp', rtt: number, loss: number | null = null): Measured => ({
  transport,
  rtt,
  loss,
});

test('quality: TCP wins a tie; a fifth and 5 ms less, with little loss, is better over UDP', () => {
  const better = (udp: number, tcp: number, loss = 0) =>
    isBetterOverUdp(measured('udp', udp, loss), measured('tcp', tcp));
  expect(better(40, 40)).toBe(false);
  expect(better(36, 40)).toBe(false);
  expect(better(10, 14)).toBe(false);
  expect(better(40, 80)).toBe(true);
  expect(better(40, 80, 0.2)).toBe(false);
});

/** @param underWay whether a handshake over TCP is under way */
function scene(underWay: boolean) {
  const lab = createLab({ seed: 1 });
  const { io } = lab.host({ name: 'a', on: lab.internet({ delay: 10 }) });
  const way = {
    path: 'external',
    family: 4,
    local: { ip: '0.0.0.0', port: 0 },
    remote: { ip: '0.0.0.0', port: 0 },
  };
  const tcp: Attempt = newAttempt('t', { ...way, method: 'tcp-punch' } as Attempt['way'], 0);
  tcp.connecting = underWay ? 1 : 0;
  const order: string[] = [];
  const tie = new Tie({
    io,
    attempts: () => [tcp],
    secured: (attempt) => order.push(`${lab.now()} ${attempt}`),
    signal: new AbortController().signal,
  });
  return { lab, tie, tcp, order };
}

test('tie: what came over UDP goes at once where nothing over TCP is under way', () => {
  const { tie, order } = scene(false);
  tie.secured(1, measured('udp', 40));
  expect(order).toEqual(['0 1']);
});

test('tie: it waits for a handshake over TCP, which goes first where they are alike', () => {
  const { tie, order } = scene(true);
  tie.secured(1, measured('udp', 40));
  tie.secured(2, measured('tcp', 42));
  expect(order).toEqual(['0 2', '0 1']);
});

test('tie: and after it where TCP is slower', () => {
  const { tie, order } = scene(true);
  tie.secured(1, measured('udp', 40));
  tie.secured(2, measured('tcp', 90));
  expect(order).toEqual(['0 1', '0 2']);
});

test('tie: it waits no longer than one and a half round trips', async () => {
  const { lab, tie, order } = scene(true);
  tie.secured(1, measured('udp', 40));
  await lab.advance(69);
  expect(order).toEqual([]);
  await lab.advance(2);
  expect(order).toEqual(['70 1']);
});

test('tie: nor once that handshake has come to nothing', () => {
  const { tie, tcp, order } = scene(true);
  tie.secured(1, measured('udp', 40));
  tcp.connecting = 0;
  tie.failed();
  expect(order).toEqual(['0 1']);
});
