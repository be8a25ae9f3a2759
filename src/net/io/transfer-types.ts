/** How the bytes of files come and go: the real ones are in `io/transfer-files.ts`. Types only. */

/** The hash of a file's first bytes, worked out beside everything else. */
export interface RunningHash {
  /** So much of the file may be read by now. */
  upTo(end: number): void;
  /** SHA-256 of the bytes up to there, at least as many as were told before. One at a time. @throws where they are not there */
  digest(end: number): Promise<Uint8Array>;
  /** Before its file is closed. */
  close(): Promise<void>;
}

/** A file to be sent. */
export interface Source {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The next bytes, in a buffer of their own; empty at the end. */
  read(from: number, length: number): Promise<Uint8Array>;
  /** From its beginning. */
  hash(): RunningHash;
  close(): Promise<void>;
}

/** Where a file is received, until it is whole. */
export interface Part {
  /** What is there from an earlier try, bytes. */
  readonly size: number;
  /** From its beginning. @param size that it is to have in the end */
  hash(size: number): RunningHash;
  write(at: number, chunks: readonly Uint8Array[]): Promise<void>;
  /** What is beyond is dropped. */
  truncate(size: number): Promise<void>;
  /** On disk for good, under the first of its names that is free. @returns it, and its path */
  keep(): Promise<{ readonly name: string; readonly path: string }>;
  /** Leaves it for another try. */
  close(): Promise<void>;
}

export interface SaveFolder {
  /** @throws the system's error; one that says so where another pipe receives the same file just now */
  open(name: string, size: number): Promise<Part>;
}
