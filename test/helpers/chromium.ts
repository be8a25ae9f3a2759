/** A Chromium of the system that asks nobody for anything; made for pages that are files. */
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = 'chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const CHROMIUM = { commands: [PROGRAM] } as const;

/** With a fresh user directory, which goes with it. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: `/usr/bin/${PROGRAM}`, args: FLAGS });
}
