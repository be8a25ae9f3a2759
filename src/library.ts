/** The package's face for other programs: nodes and what belongs to them, with nicknames. */
import { faultOf, isNickname } from './app/nickname-rules.ts';
import { addressText, type NamingTask, P2PNode, P2pdError, throwawayIdentity } from './net/index.ts';
import { findAddress, keepFresh, namesAt, registrationFault, splitName, trustKey } from './pnp/index.ts';

export type {
  AddressDict,
  AddressEvent,
  AddressFields,
  AddressInterface,
  AttemptEvent,
  BenchResult,
  BrokerFact,
  ClockOffset,
  ClosedEvent,
  Confidence,
  ConnectOptions,
  Delta,
  DeltaType,
  Dependence,
  Endpoint,
  ErrorCode,
  Evidence,
  ExplanationEvent,
  Family,
  FileEvent,
  FindNat,
  HostPort,
  InterfaceAddress,
  InterfaceDict,
  InterfaceKind,
  MessageEvent,
  MessageHandler,
  Method,
  NatDict,
  NatEvent,
  NatFacts,
  NatReport,
  NatType,
  NetworkEvent,
  NetworkInterface,
  NodeAddress,
  NodeEvent,
  OpenEvent,
  OuterFact,
  PathEvent,
  Pathway,
  Pipe,
  PipeInfo,
  PipeWay,
  PnpServer,
  PortMappingFacts,
  Reach,
  RefusedEvent,
  RouteDict,
  RttEvent,
  ServerList,
  ServiceEvent,
  ServiceName,
  SignalEvent,
  StartOptions,
  StrandedEvent,
  StunServer,
  TcpReport,
  TraceEvent,
  Transport,
  TransportReport,
  TurnServerEntry as TurnServer,
  WorldEvent,
} from './net/index.ts';
export {
  AVAILABLE_METHODS,
  addressText,
  ERROR_CODES,
  Interface,
  listInterfaces,
  NO_SERVERS,
  P2PNode,
  P2pdError,
  PUBLIC_SERVERS,
  parseAddress,
  parseServersText,
} from './net/index.ts';

P2PNode.naming = { register, addressOf };

/** @throws P2pdError USAGE, NAME_TAKEN, NAME_REFUSED, NO_SERVICE */
async function register(task: NamingTask, nickname: string): Promise<string> {
  const { name } = splitName(nickname);
  const fault = faultOf(name);
  if (fault !== null) throw new P2pdError('USAGE', fault);
  const { io, identity, servers, wall, address, signal } = task;
  const names = namesAt({ io, identity, servers: servers.pnp, wall });
  const again = () => names.register(name, address(), signal);
  const first = await again();
  if (first.full === null) throw registrationFault(name, first.servers);
  void keepFresh({
    io,
    address,
    register: again,
    first,
    wall,
    report: () => undefined,
    servers: servers.pnp,
    isOver: () => signal.aborted,
    signal,
  });
  return first.full;
}

/** An address as it is; a nickname's, whose key is remembered. @throws P2pdError NAME_NOT_FOUND, NAME_FOREIGN, NO_SERVICE, KEY_CHANGED */
async function addressOf(task: NamingTask, peer: string): Promise<string> {
  if (!isNickname(peer)) return peer;
  const { io, servers, wall, files, signal } = task;
  const identity = await throwawayIdentity(io);
  const names = namesAt({ io, identity, servers: servers.pnp, wall });
  const name = peer.trim();
  const found = await findAddress(names, name, signal);
  if (files !== null) await trustKey(files, name, found.address.publicKey, false);
  return addressText(found.bytes);
}
