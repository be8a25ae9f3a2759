/**
 * The public face of the library, and the only door to this folder for other folders.
 */
export {
  type AddressFields,
  addressBytes,
  addressOf,
  addressText,
  type NodeAddress,
  parseAddress,
} from './address.ts';
export type { AddressInterface, NatFacts } from './address-interface.ts';
export { deferred } from './deferred.ts';
export { ERROR_CODES, type ErrorCode, P2pdError, reasonOf } from './errors.ts';
export type * from './events.ts';
export type { Identity } from './identity.ts';
export { InfoAnswers, type Offer, outwardAddresses, serversFor, startInfoServer } from './info-server.ts';
export { type FindNat, Interface, listInterfaces } from './interface.ts';
export type { AddressDict, InterfaceDict, NatDict, RouteDict } from './interface-dict.ts';
export type * from './io/io.ts';
export { loadNative } from './io/native.ts';
export { platformName } from './io/platform.ts';
export { expandHome, openSaveFolder, openSource } from './io/transfer-files.ts';
export type { SaveFolder, Source } from './io/transfer-types.ts';
export { startWorker, type WorkerThread } from './io/worker.ts';
export { PNP_LIMITS, TURN_LIMITS } from './limits.ts';
export * from './nat/behavior.ts';
export {
  COMBINATIONS,
  type Expectation,
  expectOutcomes,
  type MatrixCell,
  type NatSide,
  natMatrix,
  natSideOf,
} from './nat/matrix.ts';
export { type RememberedNat, type RememberedReports, rememberedNat, rememberNat } from './nat/memory.ts';
export { probeNat } from './nat/probe.ts';
export { P2PNode } from './node.ts';
export * from './node-options.ts';
export { startNtpServer } from './ntp/server.ts';
export type { BenchResult } from './pipe/bench.ts';
export type { Pipe } from './pipe/pipe.ts';
export type { PipeInfo, PipeWay } from './pipe/pipe-info.ts';
export { PUBLIC_SERVERS } from './public-servers.ts';
export { createResolver, type Resolve } from './resolve.ts';
export { orderByMemory } from './server-memory.ts';
export type { RunningServer, ServerKind, ServerUse } from './server-use.ts';
export {
  type HostPort,
  NO_SERVERS,
  type PnpServer,
  type ServerList,
  type ServersDocument,
  type StunServer,
  type TurnServer as TurnServerEntry,
} from './servers.ts';
export { formatServers, parseServersText } from './servers-file.ts';
export {
  type ClaimedIdentity,
  chooseInterfaces,
  claimIdentity,
  interfacesAgain,
  openIo,
  openStateFiles,
  readTextFile,
  sampleLoad,
  serveIdentity,
  stateDirectory,
  throwawayIdentity,
  writeTextFile,
} from './setup.ts';
export { type RunningBroker, startBroker } from './signal/broker.ts';
export type { StateFiles } from './state-files.ts';
export { findOuter } from './stun/client.ts';
export { clientKey } from './stun/client-key.ts';
export { startStunServer } from './stun/server.ts';
export { PNP_CLIENT, SERVICES_TIMEOUT } from './timing.ts';
export { TokenBuckets } from './token-bucket.ts';
export { limitedCredentials } from './turn/credentials.ts';
export { isTurn } from './turn/message.ts';
export { TurnServer } from './turn/server.ts';
export { fetchServers, findLocalServe, formatVia, parseVia } from './via.ts';
export { decodeBase16, encodeBase16 } from './wire/base16.ts';
export { DecodeError } from './wire/decode-error.ts';
export { type Endpoint, type Family, formatEndpoint } from './wire/endpoint.ts';
export {
  canonicalIp,
  familyOf,
  ipToBytes,
  type Reach,
  reachOf,
  sameSubnet,
  withoutScope,
} from './wire/ip.ts';
