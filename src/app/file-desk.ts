/** Files of a session: sent over its pipes, and taken where the user wants them. What comes of it is events. */
import {
  expandHome,
  openSaveFolder,
  openSource,
  type P2PNode,
  P2pdError,
  type Pipe,
  type SaveFolder,
} from '../net/index.ts';
import { fileWords } from './file-words.ts';
import type { Emit } from './store.ts';

/** Where people look for what has come. */
const USUAL_FOLDER = '~/Downloads';

export class FileDesk {
  readonly #emit: Emit;
  readonly #sending = new Map<string, AbortController>();
  #folder: SaveFolder | null = null;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** A node of the session has started. */
  joined(node: P2PNode): void {
    node.files.receiveIn(this.#folder);
  }

  async send(node: P2PNode, pipe: Pipe, path: string): Promise<void> {
    const giveUp = new AbortController();
    try {
      if (this.#sending.has(pipe.id)) throw new Error('another file is on its way (/cancel stops it)');
      this.#sending.set(pipe.id, giveUp);
      const source = await openSource(expandHome(path));
      try {
        await node.files.send(pipe, source, giveUp.signal);
      } catch {
        // It has told so itself.
      } finally {
        await source.close();
      }
    } catch (error) {
      this.note(pipe.id, `! ${path} cannot be sent: ${fileWords(error)}`);
    } finally {
      if (this.#sending.get(pipe.id) === giveUp) this.#sending.delete(pipe.id);
    }
  }

  cancel(pipe: string): void {
    const giveUp = this.#sending.get(pipe);
    if (giveUp === undefined) this.note(pipe, 'no file is being sent');
    else giveUp.abort(new P2pdError('INTERRUPTED', 'given up by who sent it'));
  }

  /** @param directory null: the usual one; false: no files are taken any more */
  async saveTo(nodes: readonly P2PNode[], pipe: string, directory: string | null | false): Promise<void> {
    const path = directory === false ? null : expandHome(directory ?? USUAL_FOLDER);
    try {
      this.#folder = path === null ? null : await openSaveFolder(path);
      for (const node of nodes) node.files.receiveIn(this.#folder);
      this.note(
        pipe,
        path === null
          ? 'no files are taken from now on'
          : `files of all peers are kept in ${path} from now on (/save off ends it)`,
      );
    } catch (error) {
      this.note(pipe, `! files cannot be kept in ${path}: ${fileWords(error)}`);
    }
  }

  note(pipe: string, text: string): void {
    this.#emit({ event: 'note', pipe, text });
  }
}
