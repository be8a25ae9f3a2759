/**
 * The simulated network: machines, links, NATs and services in virtual time, and the only door to
 * this folder for other folders. It opens no socket and reads no real clock.
 */
export type { Broker, BrokerFaults } from './broker.ts';
export { createLab, type Lab, type RouterOptions } from './lab.ts';
export type { NatOptions } from './nat.ts';
export { firewallPreset, masqueradePreset, natPreset } from './nat-preset.ts';
export type { LinkQuality, Segment } from './network.ts';
export { buildReplayWorld, type ReplayWorld } from './replay-world.ts';
export { LINEAR_SYN_DELAYS } from './tcp.ts';
export { EPOCH, type LabHost } from './virtual-io.ts';
