/**
 * What the person at the TUI looks at: the screen, the overlay above it, the pipe in front.
 * Part of the one state so that a frame is a function of it. Pure.
 */

export type Screen = 'home' | 'connect' | 'accept' | 'nodes' | 'interfaces' | 'chat' | 'log';
export type Overlay = 'help' | 'qr';

export interface UiState {
  readonly screen: Screen;
  readonly overlay: Overlay | null;
  /** The pipe that the connect or chat screen shows. */
  readonly pipe: string | null;
}

export type UiEvent =
  | { readonly event: 'ui'; readonly action: 'go'; readonly screen: Screen; readonly pipe?: string }
  | { readonly event: 'ui'; readonly action: 'overlay'; readonly overlay: Overlay | null };

export const INITIAL_UI: UiState = { screen: 'home', overlay: null, pipe: null };

export function reduceUi(ui: UiState, event: UiEvent): UiState {
  switch (event.action) {
    case 'go':
      return { screen: event.screen, overlay: null, pipe: event.pipe ?? ui.pipe };
    case 'overlay':
      return { ...ui, overlay: event.overlay };
  }
}
