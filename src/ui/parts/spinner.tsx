/** One clock for everything that moves: eight times a second while something waits, else stopped. */
import { Text } from 'ink';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { useUi } from '../context.ts';
import { useStore } from '../use-store.ts';

/** ms: eight frames a second look smooth and cost little. */
const TICK = 125;

const Tick = createContext(0);

/** Counts while a step, an attempt or a connect is under way. */
export function TickProvider({ children }: { readonly children: ReactNode }) {
  const waiting = useStore(
    (state) =>
      (state.ui.screen === 'serve' && state.serving === null) ||
      state.steps.some((step) => step.state === 'start') ||
      state.pipes.some((pipe) => pipe.state === 'connecting'),
  );
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setInterval(() => setTick((count) => count + 1), TICK);
    return () => clearInterval(timer);
  }, [waiting]);
  return <Tick.Provider value={tick}>{children}</Tick.Provider>;
}

/** ms that have passed since `startedAt`, moving with the one clock. */
export function useElapsed(startedAt: number): number {
  useContext(Tick);
  return Math.max(0, useUi().session.store.now() - startedAt);
}

export function Spinner() {
  const { spinner } = useUi().marks;
  const tick = useContext(Tick);
  return <Text color="cyan">{spinner[tick % spinner.length]}</Text>;
}
