/** What the program tells of itself to the other side of a trial, and in reports. */
import { platformName } from '../net/index.ts';

declare const __VERSION__: string;

export interface About {
  readonly version: string;
  /** `linux x64`. */
  readonly platform: string;
}

export function aboutThis(): About {
  return { version: __VERSION__, platform: platformName() };
}
