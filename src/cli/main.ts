/**
 * The command line: commands and options of the contract. Light, so that the first frame comes
 * soon: what a command runs is loaded when it is asked for.
 */
import { Argument, Command, CommanderError, Option } from 'commander';
import type { AcceptCommandOptions, ConnectCommandOptions, NicknameCommandOptions } from './commands.ts';
import type { Shell } from './completion/index.ts';
import type { DemoCommandOptions } from './demo.ts';
import type { NatCommandOptions } from './nat.ts';
import {
  addCommonOptions,
  type CommonOptions,
  configOf,
  parseBytes,
  parseNodeIds,
  parseRepeat,
  parseRtt,
  parseSeconds,
  parseSpeed,
  REAL_MACHINE,
} from './options.ts';
import { leave } from './output.ts';
import type { ServeCommandOptions } from './serve.ts';
import type { TrialCommandOptions } from './trial.ts';

declare const __VERSION__: string;

export function createProgram(): Command {
  const program = new Command('p2pd-demo')
    .description(
      'Two people, two machines, one command each: a direct, encrypted pipe opens between them.\nWithout a command: the TUI.',
    )
    .summary('the TUI; without a terminal it prints the help and exits with 2')
    .version(__VERSION__)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  addCommonOptions(program).action(openTui);
  addReports(program);
  addDemo(program);
  addNodes(program);
  addTrial(program);
  addCommonOptions(program.command('serve'))
    .summary('be the servers that others name with --via')
    .description(
      'run MQTT, STUN, TURN, NTP and a name server (PNP) on this machine, without root, and print the command for other machines; until interrupted',
    )
    .option('--host <addresses>', 'listen at these, comma-separated (default: all of this machine)')
    .option(
      '--ports <list>',
      'other ports: kind=port, comma-separated (default: mqtt=1883,stun=3478,ntp=10123,pnp=5300,info=5380)',
    )
    .option('--only <kinds>', 'only these of mqtt, stun, turn, ntp, pnp, comma-separated (default: all)')
    .option(
      '--pnp-store <where>',
      'keep names in sqlite:PATH or postgres://…, which any number of servers may share (default: names.db in the state directory)',
    )
    .action(async (options: ServeCommandOptions) => (await import('./serve.ts')).runServe(options));
  addCompletion(program);
  return program;
}

/** The same for each command that accepts pipes. */
const SAVE_TO = 'take files and keep them there; nothing is ever overwritten (default: no files are taken)';

/** Commands that print one document. */
function addReports(program: Command): void {
  addCommonOptions(program.command('interfaces'))
    .summary('list interfaces, their addresses and NATs')
    .description(
      'list interfaces: name, kind, gateway, outer addresses (asked from STUN servers), NAT and delta, addresses',
    )
    .action(async (options: CommonOptions) => (await import('./interfaces.ts')).runInterfaces(options));
  addCommonOptions(program.command('nat'))
    .summary('find out the NAT in front of each interface')
    .description(
      'report the NAT in front of each interface, per family, UDP and TCP side by side: type, mapping, filtering, delta, ports; --json and --format markdown carry the evidence',
    )
    .addOption(
      new Option('--format <format>', 'text, or markdown to paste into an issue')
        .choices(['text', 'markdown'])
        .default('text'),
    )
    .action(async (options: NatCommandOptions) => (await import('./nat.ts')).runNat(options));
  addCommonOptions(program.command('matrix'))
    .summary('print what to expect between which NATs')
    .description(
      'print which method is expected to connect which NATs, and the tables of NAT and delta types; asks nobody',
    )
    .action(async (options: CommonOptions) => (await import('./matrix.ts')).runMatrix(options));
}

/** A trial between two machines, and what can be done with its report. */
function addTrial(program: Command): void {
  addCommonOptions(program.command('trial'))
    .description(
      'try every way to connect two machines, asked for by either, and report what opened, how quickly, whether that was expected, and what would help; one side runs it with --accept, the other one with the address that this prints',
    )
    .summary('try every way between two machines; a report')
    .argument('[peer]', "the other side's address or nickname")
    .option('--accept', 'wait for the other side to start it, and take part')
    .option(
      '--allow <ids>',
      'with --accept: only these peers, node ids, comma-separated (default: everybody)',
      parseNodeIds,
    )
    .option('--nickname <name>', 'with --accept: register this nickname for the node')
    .option('--accept-new-key', 'the nickname has a new key, and that is right')
    .addOption(
      new Option(
        '--repeat <n>',
        'runs of each way: method, pathway, IP version, and who asks; those expected to fail have one',
      )
        .argParser(parseRepeat)
        .default(5),
    )
    .option('--report <file>', 'write the report there too; by its ending as .html, .md or .json')
    .addOption(
      new Option('--format <format>', 'text, or markdown to paste into an issue')
        .choices(['text', 'markdown'])
        .default('text'),
    )
    .option('--redact', 'in all that is printed and written, stand-ins for IP addresses and node ids')
    .option(
      '--compare <file>',
      'tell what changed from this report (.json) to another one, named after it; no trial is run',
    )
    .option('--replay <file>', 'run the trial of this report (.json) again, in a simulation of both networks')
    .action(async (peer: string | undefined, options: TrialCommandOptions) =>
      (await import('./trial.ts')).runTrial(peer, options),
    )
    .addHelpText(
      'after',
      examples([
        ['trial --accept', 'one side'],
        ['trial p2pd1… --report report.html', 'the other side'],
        ['trial p2pd1… --format markdown --redact', 'for an issue'],
        ['trial --compare before.json after.json', 'what changed'],
        ['trial --replay report.json', 'again, simulated'],
      ]),
    );
}

/** @param lines of a command, and what it is for */
function examples(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const rows = lines.map(([command, use]) => `  p2pd-demo ${command.padEnd(width)}  ${use}`);
  return ['', 'Examples:', ...rows].join('\n');
}

/** Everything simulated. */
function addDemo(program: Command): void {
  const command = addCommonOptions(program.command('demo'));
  for (const option of command.options) {
    const name = option.attributeName();
    if (REAL_MACHINE.some((real) => real === name)) option.hideHelp();
  }
  command
    .summary('watch two simulated machines connect')
    .description('watch two simulated machines connect through their NATs: no second machine, no network')
    .option(
      '--nat-a <nat>',
      "Alice's NAT: type,delta[,value] by names or numbers of matrix",
      'restrict port,equal',
    )
    .option('--nat-b <nat>', "Bob's NAT", 'symmetric,independent')
    .addOption(new Option('--rtt <ms>', 'round trip between the two').argParser(parseRtt).default(40))
    .addOption(
      new Option(
        '--speed <factor>',
        'how fast time passes once Alice connects; at 0.02 single packets are seen',
      )
        .argParser(parseSpeed)
        .default(1),
    )
    .option('--no-turn', 'without a relay')
    .option('--seed <text>', 'any text; each gives its own course of events', 'demo')
    .action(async (options: DemoCommandOptions) => {
      await leave(await (await import('./demo.ts')).runDemo(options));
    })
    .addHelpText(
      'after',
      examples([
        ['demo', 'as it is'],
        ['demo --speed 0.02', 'every packet to be seen'],
        ['demo --nat-a 6,random --nat-b 5,equal', 'by chance'],
        ['demo --families 46 --json', 'with IPv6, for a script'],
      ]),
    );
}

/** Commands that start a node, or look for one. */
function addNodes(program: Command): void {
  addCommonOptions(program.command('accept'))
    .summary('start a node and accept pipes, until interrupted')
    .description(
      'start a node, print its address, accept pipes and print messages; until interrupted, or the end of the first pipe with --once',
    )
    .option('--echo', 'send each message back unchanged')
    .option('--once', 'leave after the first pipe closes')
    .option('--raw', 'join stdin and stdout to the first pipe as bytes, and leave with it')
    .option('--allow <ids>', 'only these peers: node ids, comma-separated (default: everybody)', parseNodeIds)
    .option(
      '--nickname <name>',
      'register this nickname for the node (default: its node id, in the background)',
    )
    .option('--save-to <dir>', SAVE_TO)
    .action(async (options: AcceptCommandOptions) => (await commands()).runAccept(options));
  addCommonOptions(program.command('nickname'))
    .summary('be found under a nickname, and accept pipes')
    .description(
      'start a node, register the nickname, accept pipes as accept does and keep the name fresh; until interrupted, or once registered with --once',
    )
    .argument('<name>', 'small letters, digits, - and _')
    .option('--echo', 'send each message back unchanged')
    .option('--once', 'register and leave: nobody listens then')
    .option('--save-to <dir>', SAVE_TO)
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
    .summary('open a pipe to a nickname or address')
    .description(
      'open a pipe to a nickname or address; lines of stdin are sent, received messages printed; when stdin ends it waits for the peer to close, at most --linger',
    )
    .argument('<peer>', "the other side's address or nickname")
    .option('--send <text>', 'send one message, wait for one answer, leave')
    .option('--bench <bytes>', 'measure throughput both ways: 1000000, 100M', parseBytes)
    .option('--accept-new-key', 'the nickname has a new key, and that is right (default: warn and stop)')
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

/** It takes no options: it asks nobody and changes nothing. */
function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a script for bash, zsh or fish')
    .description('print a script for a shell, which then completes commands, options and their values')
    .addArgument(new Argument('<shell>', 'whose script').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => (await import('./completion/index.ts')).runCompletion(program, shell));
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
