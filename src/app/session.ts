/**
 * What a door (TUI or command) may ask the running program to do. Outcomes come back as events.
 */
import type { Family, Method, Pathway } from '../net/index.ts';
import type { Store } from './store.ts';

/** What a connect may use, in order of preference (contract: --methods, --paths, --families). */
export interface ConnectChoice {
  /** Nickname or address. */
  readonly peer: string;
  readonly methods: readonly Method[];
  readonly paths: readonly Pathway[];
  readonly families: readonly Family[];
}

export interface Session {
  readonly store: Store;
  /** Starts the first node; resolves when it is ready. Failures are events. */
  start(): Promise<void>;
  /** Starts one more node in this process. Failures are events. */
  startNode(): Promise<void>;
  /**
   * Starts connecting.
   *
   * @returns the id of the pipe to come, whose attempts and outcome are events; null when there is
   *   nothing to connect to (a damaged address, say): an error event without a pipe says why
   */
  connect(choice: ConnectChoice): string | null;
  /**
   * Finds the address of a nickname.
   *
   * @param acceptNewKey the user has seen that its key is another than before
   * @returns null where an error event says why not; 'changed': its key has, and an error event warns of it
   */
  lookUp(nickname: string, acceptNewKey: boolean): Promise<{ readonly address: string } | 'changed' | null>;
  /** Registers a nickname for the first node; what comes of it is events. */
  register(nickname: string): Promise<void>;
  /** Gives a connect up, or closes an open pipe. */
  close(pipe: string): void;
  /** Sends one message. Failures are events. */
  say(pipe: string, text: string): void;
  /** Sends a file over an open pipe; what comes of it is notes in its chat. */
  sendFile(pipe: string, path: string): void;
  /** Stops sending the file that is on its way. */
  cancelFile(pipe: string): void;
  /** Where files of all peers are kept from now on: null is the usual place, false none; told in this pipe's chat. */
  saveTo(pipe: string, directory: string | null | false): void;
  /** Measures the round trip of this pipe every few seconds while somebody looks; null: of none. */
  watch(pipe: string | null): void;
  /** Finds out the NATs in front of this machine; what is seen is events. Nothing while it is at it. */
  loadNat(): Promise<void>;
  /** Serves on this machine for others; what happens is events. Nothing where it serves already. */
  serve(): Promise<void>;
  /** Ends serving. */
  stopServing(): Promise<void>;
  /**
   * Starts a trial with a peer, or (null) waits for somebody who starts one; what happens is events. Nothing while one is
   * under way.
   */
  trial(peer: string | null): void;
  /** Ends the trial; what was found out by then is reported. */
  stopTrial(): Promise<void>;
  /** Writes the trial's report into the working directory; a notice tells where. */
  saveTrial(): Promise<void>;
  /** Closes every pipe with a reason and stops every node. */
  stop(): Promise<void>;
}
