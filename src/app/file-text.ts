/** A transfer in a line for people. Pure. */
import type { FileEvent } from '../net/index.ts';
import { makeVisible } from './visible.ts';

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function fileText({ direction, name, size, done, state, reason }: FileEvent): string {
  const shown = `${direction === 'in' ? 'file from the peer' : 'file'} ${makeVisible(name)}`;
  switch (state) {
    case 'start':
      return `${shown}: ${sizeText(size)}`;
    case 'progress':
      return `${shown}: ${size === 0 ? 100 : Math.floor((done / size) * 100)} % of ${sizeText(size)}`;
    case 'done':
      return `+ ${shown}: ${sizeText(size)}, its hash is right`;
    case 'failed':
      return `! ${shown}: ${makeVisible(reason ?? 'failed')}, ${sizeText(done)} of ${sizeText(size)} are there`;
  }
}

function sizeText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
