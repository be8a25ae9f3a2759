/** The terminal's size, kept up to date. */
import { useStdout } from 'ink';
import { useEffect, useState } from 'react';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Where a terminal does not tell. */
const FALLBACK: TerminalSize = { columns: 80, rows: 24 };

/** @param onResize called with each change, before the next frame */
export function useTerminalSize(onResize: () => void): TerminalSize {
  const { stdout } = useStdout();
  const [size, setSize] = useState<TerminalSize>(() => sizeOf(stdout));
  useEffect(() => {
    const update = () => {
      onResize();
      setSize(sizeOf(stdout));
    };
    stdout.on('resize', update);
    return () => void stdout.off('resize', update);
  }, [stdout, onResize]);
  return size;
}

function sizeOf(stdout: { readonly columns?: number; readonly rows?: number }): TerminalSize {
  return { columns: stdout.columns || FALLBACK.columns, rows: stdout.rows || FALLBACK.rows };
}
