/** How the bytes of files come and go: the real ones are in `io/transfer-files.ts`. Types only. */

/** A file to be sent. */
export interface Source {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The next bytes, in a buffer of their own; empty at the end. */
  read(from: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Where a file is received, until it is whole. */
export interface Part {
  /** What is there from an earlier try, bytes. */
  readonly size: number;
  read(from: number, length: number): Promise<Uint8Array>;
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
