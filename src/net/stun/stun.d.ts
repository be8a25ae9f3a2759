/** The parts of `stun` 3 that we use, of its codec; the package has no types of its own. */
declare module 'stun' {
  interface Attribute {
    readonly type: number;
    readonly value: unknown;
  }
  interface Message {
    getError(): { readonly code: number; readonly reason: string } | undefined;
    getAttribute(type: number): Attribute | undefined;
  }
  interface OutgoingMessage extends Message {
    addError(code: number, reason?: string): Attribute | undefined;
    addUnknownAttributes(types: readonly number[]): Attribute | undefined;
    addSoftware(software: string): Attribute | undefined;
    /** @throws where it does not know the type */
    addAttribute(type: number, ...values: readonly unknown[]): Attribute | undefined;
  }
  export function createMessage(type: number, transactionId: Buffer): OutgoingMessage;
  export function encode(message: Message): Buffer;
  /** @throws for most of what is not a well-formed message, not for all of it */
  export function decode(bytes: Buffer): Message;
}
