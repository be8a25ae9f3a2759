/** Small texts that outlive the process: what is worth remembering in the state directory. Types only. */
export interface StateFiles {
  /** null where there is none, or it cannot be read. */
  read(name: string): Promise<string | null>;
  /** Whole or not at all; a failure is silent, as nothing depends on it. */
  write(name: string, text: string): Promise<void>;
}
