/** Loading packages with binaries. */

/**
 * Loaders of such packages read Node's diagnostic report to tell the C library. With network endpoints in it, Node
 * asks name servers for each socket's name, and stands still until they answer: never, where there are none.
 */
export async function loadNative<T>(load: () => Promise<T>): Promise<T> {
  // Node has it since 20.13; its types do not yet.
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    return await load();
  } finally {
    report.excludeNetwork = before;
  }
}
