/** The parts of `default-gateway` 7 that we use; the package has no types of its own. */
declare module 'default-gateway' {
  interface Found {
    readonly gateway: string | null;
    /** The interface's name; null where the system does not tell. */
    readonly int: string | null;
  }
  /** Rejects where there is no default route. */
  export function gateway4async(): Promise<Found>;
  export function gateway6async(): Promise<Found>;
}
