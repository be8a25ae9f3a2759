/** One line at the foot of a terminal that is written over and over; what else is written goes above it. */
import { write } from './output.ts';

/** Back to the start of the line, and rid of what stood there (ECMA-48 §8.3.41). */
const ERASE = '\r\x1b[K';

export class StatusLine {
  readonly #stream: NodeJS.WriteStream;
  #shown = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Columns that it has; null where it cannot be: no terminal, or one that only types on. */
  get columns(): number | null {
    if (!this.#stream.isTTY || process.env.TERM === 'dumb') return null;
    return this.#stream.columns || 80;
  }

  /** @param text empty: gone */
  show(text: string): void {
    if (text === this.#shown) return;
    write(this.#stream, ERASE + text);
    this.#shown = text;
  }

  /** Writes lines elsewhere or above. */
  print(stream: NodeJS.WriteStream, text: string): void {
    const shown = this.#shown;
    this.show('');
    write(stream, text);
    this.show(shown);
  }
}
