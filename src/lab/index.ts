/**
 * The simulated network: machines, links, NATs and services in virtual time, and the only door to
 * this folder for other folders. It opens no socket and reads no real clock.
 */
export type { Broker, BrokerFaults } from './broker.ts';
export { createLab, type Lab, type RouterOptions } from './lab.ts';
export type { NatOptions } from './nat.ts';
export { DELTA_TYPES, firewallPreset, masqueradePreset, NAT_TYPE_NAMES, natPreset } from './nat-preset.ts';
export type { LinkQuality, PacketEvent, Segment } from './network.ts';
export { runInRealTime } from './real-time.ts';
export { buildReplayWorld, type ReplayWorld } from './replay-world.ts';
export { LINEAR_SYN_DELAYS } from './tcp.ts';
export { EPOCH, type LabHost } from './virtual-io.ts';
export { createWorld, type LabWorld } from './world.ts';
