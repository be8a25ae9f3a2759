/** What every component may need: the session, the terminal, the size, the marks. */
import { createContext, useContext } from 'react';
import type { Session } from '../app/session.ts';
import type { Line } from './line-edit.ts';
import type { Terminal } from './terminal.ts';
import type { Marks } from './theme.ts';
import type { TerminalSize } from './use-terminal-size.ts';

export interface UiContext {
  readonly session: Session;
  readonly terminal: Pick<Terminal, 'copy' | 'utf8'>;
  readonly size: TerminalSize;
  readonly marks: Marks;
  /** What was typed in a chat and not sent, by pipe: it waits there, and never goes to another peer. */
  readonly unsent: Map<string, Line>;
  /** Its keys work too. */
  readonly isDemo: boolean;
}

export const Ui = createContext<UiContext | null>(null);

/** @throws Error outside of the app */
export function useUi(): UiContext {
  const ui = useContext(Ui);
  if (ui === null) throw new Error('this component stands outside of the app');
  return ui;
}
