/** The command for the other person as a QR code; where it has no room, the address alone. */
import { Box, Text } from 'ink';
import { useEffect, useState } from 'react';
import { connectCommand } from '../../app/invite.ts';
import { runningNodes } from '../../app/select.ts';
import { useUi } from '../context.ts';
import { useStore } from '../use-store.ts';

interface Code {
  readonly title: string;
  /** Rows of modules, true = dark. */
  readonly modules: readonly (readonly boolean[])[];
}

/** Modules of light border: the standard says four, readers are content with two. */
const BORDER = 2;

export function QrOverlay() {
  const { size, terminal } = useUi();
  const address = runningNodes(useStore((state) => state.nodes))[0]?.address ?? null;
  const codes = useCodes(address);
  if (!terminal.utf8) return <Text>A QR code needs a terminal with a UTF-8 locale. Any key goes back.</Text>;
  if (codes === null) return <Text>drawing</Text>;
  const rows = size.rows - 1;
  const code = codes.find(({ modules }) => rowsOf(modules) <= rows && modules.length <= size.columns);
  const smallest = codes.at(-1);
  if (code === undefined) {
    const needed = smallest === undefined ? '' : `${smallest.modules.length}×${rowsOf(smallest.modules) + 1}`;
    const text = `The QR code needs a terminal of ${needed} (this one has ${size.columns}×${size.rows}). Any key goes back.`;
    return <Text>{text}</Text>;
  }
  const title = rowsOf(code.modules) < rows ? `${code.title}; any key goes back` : null;
  return (
    <Box flexDirection="column">
      {title !== null && <Text>{title}</Text>}
      {lines(code.modules).map((line, i) => (
        // Light modules are drawn, on black: right on dark terminals also without colour.
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows of one code never change
        <Text key={i} color="whiteBright" backgroundColor="black">
          {line}
        </Text>
      ))}
    </Box>
  );
}

/** The codes worth showing, best first; the library is loaded only here. */
function useCodes(address: string | null): readonly Code[] | null {
  const [codes, setCodes] = useState<readonly Code[] | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void import('uqr').then(({ encode }) => {
      if (!isCurrent || address === null) return;
      const draw = (text: string) => encode(text, { ecc: 'L', boostEcc: false, border: BORDER }).data;
      setCodes([
        { title: 'The command for the other person', modules: draw(connectCommand(address)) },
        // Upper case has a denser mode of its own, and case does not matter.
        { title: 'The address of this node', modules: draw(address.toUpperCase()) },
      ]);
    });
    return () => {
      isCurrent = false;
    };
  }, [address]);
  return codes;
}

function rowsOf(modules: readonly unknown[]): number {
  return Math.ceil(modules.length / 2);
}

/** Two rows of modules to a row of characters. */
function lines(modules: Code['modules']): string[] {
  return Array.from({ length: rowsOf(modules) }, (_, i) => {
    const [top = [], bottom] = [modules[2 * i], modules[2 * i + 1]];
    return top.map((dark, x) => halves(!dark, bottom !== undefined && !bottom[x])).join('');
  });
}

function halves(top: boolean, bottom: boolean): string {
  if (top) return bottom ? '█' : '▀';
  return bottom ? '▄' : ' ';
}
