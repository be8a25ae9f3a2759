/**
 * What a name server answers: from the plaintext of a request to the sealed bytes of its answer. Knows the store
 * and the curve, no sockets.
 */
import { DecodeError, type Identity, reasonOf, withoutScope } from '../net/index.ts';
import { addressKeyOf } from './address-key.ts';
import type { Curve } from './curve.ts';
import { IV_LENGTH, sealEnvelope } from './envelope.ts';
import type { FreshKeys } from './fresh-keys.ts';
import type { PnpMetrics } from './metrics.ts';
import { decodePacket, encodePacket, type PnpPacket, type SignedPacket } from './packet.ts';
import { encodeRefusal } from './refusal.ts';
import type { NameWrite, RefusalReason } from './rules.ts';
import type { NameStore } from './store.ts';

export interface AnswererTask {
  readonly identity: Identity;
  readonly curve: Curve;
  readonly fresh: FreshKeys;
  readonly store: NameStore;
  readonly metrics: PnpMetrics;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Unix seconds. */
  readonly clock: () => number;
  /** The store has failed, in words. */
  readonly fault: (reason: string) => void;
}

const NOTHING = new Uint8Array(0);

export class Answerer {
  readonly #task: AnswererTask;

  constructor(task: AnswererTask) {
    this.#task = task;
  }

  /**
   * @param ip whose names are counted
   * @returns null where there is nobody to answer: no request, or no key to answer to
   */
  async answer(plain: Uint8Array, ip: string): Promise<Uint8Array | null> {
    const { metrics, now } = this.#task;
    const startedAt = now();
    try {
      const request = decodePacket(plain);
      // Who cannot be answered is not served either.
      const seal = await this.#sealer(request.replyKey);
      const answer = seal(await this.#serve(request, ip));
      metrics.answered(now() - startedAt);
      return answer;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      metrics.refused('junk');
      return null;
    }
  }

  /** The plaintext of an answer. */
  async #serve(request: SignedPacket, ip: string): Promise<Uint8Array> {
    const { store, clock, fault } = this.#task;
    try {
      if (request.signature === null) return this.#found(request, await store.fetch(request.name, clock()));
      const write = this.#writeOf(request, ip);
      if (write === null) return this.#refuse(request, 'signature');
      const outcome = await store.write(write, clock());
      return outcome.kind === 'refused' ? this.#refuse(request, outcome.why) : this.#encode(request);
    } catch (error) {
      fault(reasonOf(error));
      return this.#refuse(request, 'store');
    }
  }

  #writeOf(request: SignedPacket, ip: string): NameWrite | null {
    const { curve } = this.#task;
    const { name, value, owner, updated, signature, signedBytes } = request;
    if (signature === null || !curve.verifySha1(owner, signedBytes, signature)) return null;
    return { name, value, owner, updated, at: addressKeyOf(withoutScope(ip)) };
  }

  #found(request: SignedPacket, row: Awaited<ReturnType<NameStore['fetch']>>): Uint8Array {
    const { name, owner } = request;
    if (row === null)
      return this.#encode({ ...request, behavior: 1, updated: 0, name, value: NOTHING, owner });
    return this.#encode({ ...request, ...row, behavior: 1, updated: row.timestamp });
  }

  #encode({ id, behavior, updated, name, value, owner }: PnpPacket): Uint8Array {
    const replyKey = this.#task.identity.publicKey;
    return encodePacket({ id, replyKey, behavior, updated, name, value, owner });
  }

  #refuse({ id }: SignedPacket, why: RefusalReason): Uint8Array {
    this.#task.metrics.refused(why);
    return encodeRefusal({ id, why });
  }

  /** @throws DecodeError where the key to answer to is none */
  async #sealer(replyKey: Uint8Array): Promise<(plain: Uint8Array) => Uint8Array> {
    const { fresh, randomBytes } = this.#task;
    const agreed = await fresh.agree(replyKey);
    if (agreed === null) throw new DecodeError('PNP reply key', 'no point of the curve');
    return (plain) => sealEnvelope(plain, agreed.key, agreed.publicKey, randomBytes(IV_LENGTH));
  }
}
