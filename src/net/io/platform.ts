/** What this program runs on. */

/** `linux x64`. */
export function platformName(): string {
  return `${process.platform} ${process.arch}`;
}
