/**
 * A TLS alert as a refusal (RFC 8446 §6.2). Before TLS begins, the answering side may send one in
 * the clear instead of its flight; the dialling side's TLS reports it. Codec and error only.
 */

/** Why an answering side refuses, as the alert description that says it best. */
export const ALERTS = {
  /** access_denied: the caller is not on the list. */
  'not-allowed': 49,
  /** protocol_version: the preamble has a version that this side does not speak. */
  'other-version': 70,
  /** internal_error: too many handshakes at once. */
  busy: 80,
  /** user_canceled: this pipe is open already. */
  duplicate: 90,
} as const;

export type AlertName = keyof typeof ALERTS;

const CONTENT_TYPE_ALERT = 21;
const FATAL = 2;

/** The other side sent an alert; `alert` is its number, `name` ours for it if it is one of ours. */
export class AlertError extends Error {
  override readonly name = 'AlertError';
  readonly alert: AlertName | null;

  constructor(alert: AlertName | null, message: string, options?: ErrorOptions) {
    super(message, options);
    this.alert = alert;
  }
}

/** A whole TLS record with one fatal alert. */
export function encodeAlert(name: AlertName): Uint8Array {
  return Uint8Array.of(CONTENT_TYPE_ALERT, 3, 3, 0, 2, FATAL, ALERTS[name]);
}

/** Our name for an alert's number, null for one that we never send. */
export function alertOfNumber(description: number): AlertName | null {
  for (const [name, value] of Object.entries(ALERTS)) if (value === description) return name as AlertName;
  return null;
}
