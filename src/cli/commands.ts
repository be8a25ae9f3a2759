/**
 * What each command does with its options: the voice it speaks in, and the journey it hands over to.
 */
import { accept } from '../app/journeys/accept.ts';
import { type Conversation, connect } from '../app/journeys/connect.ts';
import { registerOnce } from '../app/journeys/register-once.ts';
import { P2pdError } from '../net/index.ts';
import { stdinBytes, stdinLines, stdoutBytes } from './input.ts';
import { type CommonOptions, configOf } from './options.ts';
import { runJourney, type Voice, voiceOf } from './run.ts';

const RAW_AND_JSON = '--raw and --json both want stdout';

export interface AcceptCommandOptions extends CommonOptions {
  readonly echo?: boolean;
  readonly once?: boolean;
  readonly raw?: boolean;
  readonly nickname?: string;
  readonly saveTo?: string;
}

export interface NicknameCommandOptions extends CommonOptions {
  readonly saveTo?: string;
  readonly echo?: boolean;
  readonly once?: boolean;
}

export interface ConnectCommandOptions extends CommonOptions {
  readonly send?: string;
  readonly bench?: number;
  readonly raw?: boolean;
  readonly sendFile?: string;
  readonly linger: number;
  readonly acceptNewKey?: boolean;
}

/** How a node that waits for pipes speaks. */
function waitingVoice(options: CommonOptions): Voice {
  return { ...voiceOf(options), address: 'stdout', from: true, interruptedExit: 0 };
}

export async function runAccept(options: AcceptCommandOptions): Promise<void> {
  const { echo = false, once = false, raw = false, json, nickname = null, saveTo = null } = options;
  if (raw && json) throw new P2pdError('USAGE', RAW_AND_JSON);
  if (raw && echo) throw new P2pdError('USAGE', '--raw and --echo exclude each other');
  const voice = waitingVoice(options);
  const ends = raw ? { input: stdinBytes(), output: stdoutBytes(), linger: null } : null;
  await runJourney(configOf(options), raw ? { ...voice, messages: false, address: 'stderr' } : voice, (ctx) =>
    accept(ctx, { echo, once, nickname, saveTo, raw: ends }),
  );
}

/** Registers, and accepts pipes as `accept` does, or leaves. */
export async function runNickname(name: string, options: NicknameCommandOptions): Promise<void> {
  await runJourney(configOf(options), waitingVoice(options), (ctx) =>
    options.once
      ? registerOnce(ctx, name)
      : accept(ctx, {
          echo: options.echo ?? false,
          once: false,
          raw: null,
          nickname: name,
          saveTo: options.saveTo ?? null,
        }),
  );
}

export async function runConnect(peer: string, options: ConnectCommandOptions): Promise<void> {
  const conversation = conversationOf(options);
  const voice: Voice = { ...voiceOf(options), messages: conversation.kind !== 'raw' };
  await runJourney(configOf(options), voice, (ctx) =>
    connect(ctx, peer, conversation, options.acceptNewKey ?? false),
  );
}

/** @throws P2pdError USAGE for options that exclude each other */
function conversationOf(options: ConnectCommandOptions): Conversation {
  const { send, bench, raw, json, linger, sendFile } = options;
  const modes = [
    send !== undefined && '--send',
    bench !== undefined && '--bench',
    raw && '--raw',
    sendFile !== undefined && '--send-file',
  ].filter(Boolean);
  if (modes.length > 1) throw new P2pdError('USAGE', `${modes.join(' and ')} exclude each other`);
  if (raw && json) throw new P2pdError('USAGE', RAW_AND_JSON);
  if (send !== undefined) return { kind: 'send', text: send };
  if (bench !== undefined) return { kind: 'bench', bytes: bench };
  if (sendFile !== undefined) return { kind: 'file', path: sendFile };
  if (raw) return { kind: 'raw', ends: { input: stdinBytes(), output: stdoutBytes(), linger } };
  return { kind: 'lines', input: stdinLines(), linger };
}
