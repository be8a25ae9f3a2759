/** Shows a fault that ends nothing, the way Node shows warnings: on stderr, once each. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
