/** What a journey is given on a simulated machine: nothing of it outlives the simulation. */
import type { LabHost } from '../../lab/index.ts';
import { type ServerList, type StateFiles, throwawayIdentity } from '../../net/index.ts';
import type { Config } from '../config.ts';
import type { Emit } from '../store.ts';
import type { Context } from './context.ts';

export interface SimulatedMachine {
  readonly host: LabHost;
  /** The services of its world. */
  readonly servers: ServerList;
  /** Of this, what belongs to a real machine is left aside. */
  readonly config: Config;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export function simulatedContext({ host, servers, config, emit, signal }: SimulatedMachine): Context {
  const { io } = host;
  const files = memoryFiles();
  const slots = new Set<number>();
  return {
    io,
    config: {
      ...config,
      state: undefined,
      interfaces: [],
      port: null,
      portMapping: false,
      servers: { kind: 'simulated', list: servers },
    },
    emit,
    signal,
    async claim() {
      let slot = 0;
      while (slots.has(slot)) slot++;
      slots.add(slot);
      return {
        // The curve is loaded in real time: virtual time waits for it.
        identity: await host.network.clock.outside(throwawayIdentity(io)),
        slot,
        machineId: Buffer.from(host.name.padEnd(8).slice(0, 8)).toString('hex'),
        files,
        release: async () => void slots.delete(slot),
      };
    },
    files: async () => files,
  };
}

function memoryFiles(): StateFiles {
  const kept = new Map<string, string>();
  return {
    read: async (name) => kept.get(name) ?? null,
    write: async (name, text) => void kept.set(name, text),
  };
}
