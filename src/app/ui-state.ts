/**
 * What the person at the TUI looks at: the screen, the overlay above it, the pipe in front, and
 * what stands in the connect form. Part of the one state, so that a frame is a function of it. Pure.
 */

export type Screen =
  | 'home'
  | 'connect'
  | 'accept'
  | 'nodes'
  | 'interfaces'
  | 'nat'
  | 'nat-tables'
  | 'matrix'
  | 'serve'
  | 'chat'
  | 'timeline'
  | 'trial'
  | 'trial-form'
  | 'nickname'
  | 'log';
export type Overlay = 'help' | 'qr';

/** The connect form as typed; checked only when it is sent. */
export interface ConnectDraft {
  readonly peer: string;
  readonly methods: string;
  readonly paths: string;
  readonly families: string;
}

export interface UiState {
  readonly screen: Screen;
  readonly overlay: Overlay | null;
  /** The pipe that the connect or chat screen shows. */
  readonly pipe: string | null;
  readonly draft: ConnectDraft;
  /** A line to the user about what was just done or is wrong; gone with the next screen. */
  readonly notice: string | null;
}

export type UiEvent =
  | { readonly event: 'ui'; readonly action: 'go'; readonly screen: Screen; readonly pipe?: string | null }
  | { readonly event: 'ui'; readonly action: 'overlay'; readonly overlay: Overlay | null }
  | { readonly event: 'ui'; readonly action: 'draft'; readonly draft: Partial<ConnectDraft> }
  | { readonly event: 'ui'; readonly action: 'notice'; readonly notice: string | null };

export const INITIAL_UI: UiState = {
  screen: 'home',
  overlay: null,
  pipe: null,
  draft: { peer: '', methods: '', paths: '', families: '' },
  notice: null,
};

export function reduceUi(ui: UiState, event: UiEvent): UiState {
  switch (event.action) {
    case 'go': {
      const pipe = event.pipe === undefined ? ui.pipe : event.pipe;
      return { ...ui, screen: event.screen, overlay: null, pipe, notice: null };
    }
    case 'overlay':
      return { ...ui, overlay: event.overlay };
    case 'draft':
      return { ...ui, draft: { ...ui.draft, ...event.draft }, notice: null };
    case 'notice':
      return { ...ui, notice: event.notice };
  }
}

/** A pipe that was waited for on the connect screen has opened: the chat takes its place. */
export function chatWhenOpen(ui: UiState, pipe: string): UiState {
  return ui.screen === 'connect' && ui.pipe === pipe ? { ...ui, screen: 'chat', notice: null } : ui;
}

/** Whether the user begins something: what failed before it is told no more. */
export function begins(event: UiEvent, from: Screen): boolean {
  if (event.action !== 'go') return event.action === 'draft';
  switch (event.screen) {
    case 'serve':
      return true;
    case 'nat':
      return from === 'nat';
    case 'trial':
      return from === 'trial-form';
    case 'trial-form':
      return from !== 'trial';
    default:
      return false;
  }
}
