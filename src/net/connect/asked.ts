/** What has become of asking a peer, as far as the explanation of a failure needs it. */
import type { AskListener } from './asking.ts';
import type { Asked } from './explain.ts';
import type { Explanation } from './lane-case.ts';

export class AskedNote implements Pick<AskListener, 'heard' | 'refused' | 'silent'> {
  #asked: Asked;
  explanation: Explanation | null = null;

  /** @param unaskable why it cannot be asked; null where it can */
  constructor(unaskable: string | null) {
    this.#asked = unaskable === null ? { kind: 'no' } : { kind: 'impossible', reason: unaskable };
  }

  get asked(): Asked {
    return this.#asked;
  }

  heard(): void {
    if (this.#asked.kind === 'no') this.#asked = { kind: 'answered' };
  }

  refused(why: 'not-allowed' | 'busy' | 'unwilling'): void {
    this.#asked = { kind: 'refused', why };
  }

  silent(reason: string, reached: boolean): void {
    if (this.#asked.kind === 'no') this.#asked = { kind: reached ? 'silent' : 'impossible', reason };
  }
}
