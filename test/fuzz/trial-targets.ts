/** Trials and their parts, as the other side and files tell them. */
import { trialJson } from '../../src/app/trial/json.ts';
import { decodeTrialMessage, encodeTrialMessage } from '../../src/app/trial/messages.ts';
import { decodeRun, decodeSide, parseTrial } from '../../src/app/trial/schema.ts';
import { DecodeError, P2pdError } from '../../src/net/index.ts';
import { sampleTrial } from '../helpers/sample-trial.ts';
import type { Target } from './targets.ts';

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const small = () => {
  const trial = sampleTrial();
  return { ...trial, cells: trial.cells.slice(0, 2) };
};

/** Reads JSON; refusals are null, anything but the decoder's own errors goes on. */
function read<T>(input: Uint8Array, decode: (value: unknown) => T): T | null {
  const value = parsed(input);
  if (value === undefined) return null;
  try {
    return decode(value);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function parsed(input: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(input).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What is accepted is accepted again as it is written. */
function again(input: Uint8Array): Uint8Array | null {
  try {
    const trial = parseTrial(Buffer.from(input).toString('utf8'));
    const written = JSON.stringify(trialJson(trial));
    if (JSON.stringify(trialJson(parseTrial(written))) !== written)
      throw new Error('not read as it was written');
    return input;
  } catch (error) {
    if (error instanceof P2pdError && error.code === 'FILE_UNUSABLE' && !error.message.includes('\n'))
      return null;
    throw error;
  }
}

/** What is taken is said again as it was read. */
function messageAgain(input: Uint8Array): Uint8Array | null {
  try {
    const message = decodeTrialMessage(input);
    if (message === null) return null;
    const written = encodeTrialMessage(message);
    const again = decodeTrialMessage(written);
    if (again === null || !Buffer.from(encodeTrialMessage(again)).equals(written))
      throw new Error('not read as it was written');
    return input;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

const planOf = () => small().cells.map(({ runs: _, surprise: __, ...cell }) => ({ ...cell, wanted: 5 }));

export const TRIAL_TARGETS: readonly Target[] = [
  { name: 'trial', few: 2_000, samples: [bytesOf(trialJson(small()))], decode: again },
  {
    name: 'trial run',
    few: 3_000,
    samples: [bytesOf(sampleTrial().cells[4]?.runs[0])],
    decode: (input) => read(input, decodeRun) && input,
  },
  {
    name: 'trial side',
    few: 2_000,
    samples: [bytesOf(sampleTrial().sides.b)],
    decode: (input) => read(input, decodeSide) && input,
  },
  {
    name: 'trial message',
    few: 2_000,
    samples: [
      encodeTrialMessage({ type: 'hello', program: '0.1.0', address: 'p2pd1x' }),
      encodeTrialMessage({ type: 'welcome', side: small().sides.b, address: 'p2pd1y', hasRelay: true }),
      encodeTrialMessage({ type: 'plan', side: small().sides.a, cells: planOf() }),
      encodeTrialMessage({ type: 'now', id: 1, received: 5, sent: 6 }),
      encodeTrialMessage({ type: 'report', document: small() }),
    ],
    decode: messageAgain,
  },
];
