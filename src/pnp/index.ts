/** Names: the only door to this folder for other folders. */
export { fastestCurve } from './curve.ts';
export { type KeyState, keyStateOf } from './known-keys.ts';
export { findAddress, trustKey } from './look-up.ts';
export { type Names, namesAt, type Registration, type Resolved } from './names.ts';
export { splitName } from './nickname.ts';
export { openNameStore, parseStoreChoice, type StoreChoice } from './open-store.ts';
export { keepFresh, outcomeOf, registrationFault } from './registration.ts';
export { type RunningPnpServer, startPnpServer } from './server.ts';
