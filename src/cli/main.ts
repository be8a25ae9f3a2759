/**
 * The command line: commands and options of the contract. Light, so that the first frame comes
 * soon: what a command runs is loaded when it is asked for.
 */
import { Command, CommanderError, Option } from 'commander';
import type { AcceptCommandOptions, ConnectCommandOptions, NicknameCommandOptions } from './commands.ts';
import type { NatCommandOptions } from './nat.ts';
import {
  addCommonOptions,
  type CommonOptions,
  configOf,
  parseBytes,
  parseNodeIds,
  parseSeconds,
} from './options.ts';
import { leave } from './output.ts';
import type { ServeCommandOptions } from './serve.ts';

declare const __VERSION__: string;

export function createProgram(): Command {
  const program = new Command('p2pd-demo')
    .description(
      'Two people, two machines, one command each: a direct, encrypted pipe opens between them.\nWithout a command: the TUI.',
    )
    .version(__VERSION__)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  addCommonOptions(program).action(openTui);
  addReports(program);
  addNodes(program);
  addCommonOptions(program.command('serve'))
    .description(
      'run MQTT, STUN, NTP and names on this machine, for others to name with --via; until interrupted',
    )
    .option('--host <addresses>', 'listen at these, comma-separated (default: all of this machine)')
    .option(
      '--ports <list>',
      'other ports: kind=port, comma-separated (default: mqtt=1883,stun=3478,ntp=10123,pnp=5300,info=5380)',
    )
    .option('--only <kinds>', 'only these of mqtt, stun, turn, ntp, pnp, comma-separated')
    .option(
      '--pnp-store <where>',
      'keep names in sqlite:PATH or postgres://… (default: sqlite in the state directory)',
    )
    .action(async (options: ServeCommandOptions) => (await import('./serve.ts')).runServe(options));
  return program;
}

/** Commands that print one document. */
function addReports(program: Command): void {
  addCommonOptions(program.command('interfaces'))
    .description('list interfaces: name, kind, gateway, addresses')
    .action(async (options: CommonOptions) => (await import('./interfaces.ts')).runInterfaces(options));
  addCommonOptions(program.command('nat'))
    .description('find out the NAT in front of each interface: type, delta, ports, over UDP and TCP')
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['text', 'markdown']).default('text'),
    )
    .action(async (options: NatCommandOptions) => (await import('./nat.ts')).runNat(options));
  addCommonOptions(program.command('matrix'))
    .description('print which method is expected to connect which NATs; asks nobody')
    .action(async (options: CommonOptions) => (await import('./matrix.ts')).runMatrix(options));
}

/** Commands that start a node, or look for one. */
function addNodes(program: Command): void {
  addCommonOptions(program.command('accept'))
    .description('start a node and accept pipes, until interrupted')
    .option('--echo', 'send each message back unchanged')
    .option('--once', 'leave after the first pipe closes')
    .option('--raw', 'join stdin and stdout to the first pipe as bytes, and leave with it')
    .option('--allow <ids>', 'only these peers: node ids, comma-separated', parseNodeIds)
    .option('--nickname <name>', 'register this nickname for the node')
    .option('--save-to <dir>', 'take files and keep them there; nothing is ever overwritten')
    .action(async (options: AcceptCommandOptions) => (await commands()).runAccept(options));
  addCommonOptions(program.command('nickname'))
    .description(
      'register a nickname, accept pipes as accept does and keep the name fresh, until interrupted',
    )
    .argument('<name>', 'small letters, digits, - and _')
    .option('--echo', 'send each message back unchanged')
    .option('--once', 'register and leave: nobody listens then')
    .option('--save-to <dir>', 'take files and keep them there; nothing is ever overwritten')
    .action(async (name: string, options: NicknameCommandOptions) =>
      (await commands()).runNickname(name, options),
    );
  addCommonOptions(program.command('resolve'))
    .description("print a nickname's address and its owner's key")
    .argument('<nickname>', 'with or without its ending: alice, alice.peer')
    .action(async (nickname: string, options: CommonOptions) =>
      (await import('./resolve.ts')).runResolve(nickname, options),
    );
  addCommonOptions(program.command('connect'))
    .description('open a pipe; lines of stdin are sent, received messages printed')
    .argument('<peer>', "the other side's address or nickname")
    .option('--send <text>', 'send one message, wait for one answer, leave')
    .option('--bench <bytes>', 'measure throughput both ways', parseBytes)
    .option('--accept-new-key', 'the nickname has a new key, and that is right')
    .option('--raw', 'join stdin and stdout to the pipe as bytes')
    .option('--send-file <path>', 'send a file, and go on where an earlier try has ended')
    .addOption(
      new Option('--linger <seconds>', 'after the end of stdin, wait for the peer to close')
        .argParser(parseSeconds)
        .default(2_000, '2'),
    )
    .action(async (peer: string, options: ConnectCommandOptions) =>
      (await commands()).runConnect(peer, options),
    );
}

/** Parses and runs; leaves the process when done. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    // Help and version are no faults.
    if (error instanceof CommanderError && error.exitCode === 0) await leave(0);
    const { report } = await import('./report.ts');
    await leave(report(error, argv));
  }
}

const commands = () => import('./commands.ts');

async function openTui(options: CommonOptions): Promise<void> {
  if (!(process.stdin.isTTY && process.stdout.isTTY)) {
    process.stdout.write(createProgram().helpInformation());
    await leave(2);
  }
  const { runInTerminal } = await import('./tui.ts');
  await leave(await runInTerminal(configOf(options)));
}
