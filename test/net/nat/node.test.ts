/** NATs as the library tells them: of an interface, in a node's address, remembered on disk. */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { natPreset } from '../../../src/lab/index.ts';
import { parseAddress } from '../../../src/net/address.ts';
import { Interface } from '../../../src/net/interface.ts';
import { rememberedNat, rememberNat } from '../../../src/net/nat/memory.ts';
import { addressEntries } from '../../../src/net/own-address.ts';
import { NO_SERVERS } from '../../../src/net/servers.ts';
import type { StateFiles } from '../../../src/net/state-files.ts';
import { startLabNode } from '../../helpers/lab-node.ts';
import { natLab, reportIn } from './nat-lab.ts';

async function sample() {
  const lab = await natLab({ seed: 5, nat: natPreset('symmetric', { type: 'independent', value: 3 }) });
  const report = await reportIn(lab);
  const interfaces = await lab.host.io.interfaces();
  return { report, interfaces };
}

test('interface: loadNat finds the NAT out, and printing tells it as the seed does', async () => {
  const { report, interfaces } = await sample();
  const [first] = interfaces;
  if (first === undefined) throw new Error('no interface');
  const nic = new Interface(first);
  expect(nic.nat.type).toBeNull();
  await nic.loadNat(async () => [report]);
  expect(nic.toDict().nat).toEqual({
    type: 6,
    nat_info: 'symmetric',
    delta: { type: 4, value: 3 },
    delta_info: 'independent delta (rand port == (last_mapped += delta))',
  });
  expect(inspect(nic)).toContain('"nat_info": "symmetric"');
  expect(`${nic}`).toContain('NAT: symmetric');
});

test('address: carries NAT, delta and range of its interface, UDP and TCP apart', async () => {
  const { report, interfaces } = await sample();
  const [entry] = addressEntries(interfaces, [{ ip: '192.168.1.2', port: 1 }], 1, {
    outer: [],
    nats: [report],
  });
  expect(entry?.udp).toEqual({ type: 6, delta: { type: 4, value: 3 }, range: report.udp.range });
  expect(entry?.tcp).toMatchObject({ type: 6, delta: { type: 4, value: 3 } });
  const [other] = addressEntries(interfaces, [{ ip: '192.168.1.2', port: 1 }], 1, {
    outer: [],
    nats: [{ ...report, interface: 'x' }],
  });
  expect(other?.udp).toBeNull();
});

test('node: a second after it is ready its address tells its NAT', async () => {
  const { lab, host, servers } = await natLab({ seed: 6, nat: natPreset('symmetric', 'random') });
  const setup = { servers: { ...NO_SERVERS, stun: servers }, nat: true };
  const { node, of } = await startLabNode(lab, host, setup);
  expect(parseAddress(node.address).interfaces[0]?.udp).toBeNull();
  await lab.advance(3_000);
  const told = of('nat').filter(({ done }) => done);
  expect(told).toHaveLength(1);
  expect(of('address').at(-1)?.address).toBe(node.address);
  const [entry] = parseAddress(node.address).interfaces;
  expect(entry?.udp).toMatchObject({
    type: 6,
    delta: { type: 6, value: 0 },
    range: told[0]?.report.udp.range,
  });
  expect(entry?.tcp).toMatchObject({ type: 6, delta: { type: 6, value: 0 } });
  await lab.run(node.stop());
});

test('node: one that stops within that second asks nobody', async () => {
  const { lab, host, servers, countPackets } = await natLab({
    seed: 6,
    nat: natPreset('symmetric', 'random'),
  });
  const setup = { servers: { ...NO_SERVERS, stun: servers }, nat: true };
  const { node, of } = await startLabNode(lab, host, setup);
  await lab.run(node.stop());
  const sent = countPackets();
  await lab.advance(3_000);
  expect(of('nat')).toEqual([]);
  expect([...sent.keys()].filter((ip) => servers.some(({ host: own }) => own === ip))).toEqual([]);
});

test('memory: what was found is read again; a damaged file is as none', async () => {
  const { report } = await sample();
  let kept: string | null = null;
  const files: StateFiles = {
    read: async () => kept,
    write: async (_name, text) => {
      kept = text;
    },
  };
  expect(await rememberedNat(files)).toBeNull();
  await rememberNat(files, [report], 1_000);
  expect(await rememberedNat(files)).toMatchObject({
    at: 1_000,
    reports: [{ interface: 'eth0', udp: { type: 6 } }],
  });
  for (const damaged of ['', '{', '{"at":1,"reports":[{"interface":"x","family":4,"udp":{"type":99}}]}']) {
    kept = damaged;
    expect(await rememberedNat(files)).toBeNull();
  }
});
