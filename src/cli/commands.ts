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

export interface AcceptCommandOptions extends CommonOptions {
  readonly echo?: boolean;
  readonly once?: boolean;
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

export async function runAccept(options: AcceptCommandOptions): Promise<void> {
  const voice: Voice = { ...voiceOf(options), address: true, from: true, interruptedExit: 0 };
  await runJourney(configOf(options), voice, (ctx) =>
    accept(ctx, {
      echo: options.echo ?? false,
      once: options.once ?? false,
      nickname: options.nickname ?? null,
      saveTo: options.saveTo ?? null,
    }),
  );
}

/** Registers, and accepts pipes as `accept` does, or leaves. */
export async function runNickname(name: string, options: NicknameCommandOptions): Promise<void> {
  const voice: Voice = { ...voiceOf(options), address: true, from: true, interruptedExit: 0 };
  await runJourney(configOf(options), voice, (ctx) =>
    options.once
      ? registerOnce(ctx, name)
      : accept(ctx, {
          echo: options.echo ?? false,
          once: false,
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
  if (raw && json) throw new P2pdError('USAGE', '--raw and --json both want stdout');
  if (send !== undefined) return { kind: 'send', text: send };
  if (bench !== undefined) return { kind: 'bench', bytes: bench };
  if (sendFile !== undefined) return { kind: 'file', path: sendFile };
  if (raw) return { kind: 'raw', input: stdinBytes(), output: stdoutBytes, linger };
  return { kind: 'lines', input: stdinLines(), linger };
}
