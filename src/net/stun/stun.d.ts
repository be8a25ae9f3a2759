/** The parts of `stun` 3 that we use, its codec; the package has no types of its own. */
declare module 'stun' {
  /** What address attributes hold; `address` is null where it could not be read. */
  interface AddressValue {
    readonly address: string | null;
    readonly port: number;
  }
  interface ErrorValue {
    readonly code: number;
    readonly reason: string;
  }
  interface Attribute {
    readonly type: number;
    readonly value: unknown;
  }
  interface Message {
    readonly type: number;
    readonly transactionId: Buffer;
    getXorAddress(): AddressValue | undefined;
    getAddress(): AddressValue | undefined;
    getError(): ErrorValue | undefined;
    getAttribute(type: number): Attribute | undefined;
  }
  interface OutgoingMessage extends Message {
    addXorAddress(address: string, port: number): Attribute | undefined;
    addError(code: number, reason?: string): Attribute | undefined;
    addUnknownAttributes(types: readonly number[]): Attribute | undefined;
    addSoftware(software: string): Attribute | undefined;
    addFingerprint(): boolean;
    /** @throws where it does not know the type */
    addAttribute(type: number, ...values: readonly unknown[]): Attribute | undefined;
  }
  export function createMessage(type: number, transactionId: Buffer): OutgoingMessage;
  export function encode(message: Message): Buffer;
  /** @throws for most of what is not a well-formed message, not for all of it */
  export function decode(bytes: Buffer): Message;
}
