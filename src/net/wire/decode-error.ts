/** What every decoder of untrusted bytes throws. */

/** A decoder met bytes that it cannot accept: which part of the input, and why. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly place: string;
  readonly why: string;

  constructor(place: string, why: string) {
    super(`${place}: ${why}`);
    this.place = place;
    this.why = why;
  }
}
