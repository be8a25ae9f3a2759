import { Command, CommanderError } from 'commander';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Config, DEFAULT_CONFIG } from '../../src/app/config.ts';
import { createProgram } from '../../src/cli/main.ts';
import { addCommonOptions, configOf, parseBytes, parseNodeIds, parseSeconds } from '../../src/cli/options.ts';
import { AVAILABLE_METHODS } from '../../src/net/index.ts';

/** What a command line comes to; throws what commander throws. */
function parse(...args: readonly string[]): Config {
  const command = addCommonOptions(new Command('test')).exitOverride();
  command.configureOutput({ writeErr: () => undefined });
  return configOf(command.parse(args, { from: 'user' }).opts());
}

describe('options', () => {
  test("without any: the contract's defaults", () => {
    expect(parse()).toEqual(DEFAULT_CONFIG);
    expect(DEFAULT_CONFIG).toMatchObject({
      methods: AVAILABLE_METHODS,
      paths: ['external', 'local'],
      families: [4, 6],
      timeout: 30_000,
      portMapping: true,
      log: 'warn',
      port: null,
      allow: null,
    });
  });

  test.each<readonly [readonly string[], Partial<Config>]>([
    [['--state', '/tmp/x y'], { state: '/tmp/x y' }],
    [['--interface', 'eth0'], { interfaces: ['eth0'] }],
    [['--interface', 'eth0, Wi-Fi 2,eth0'], { interfaces: ['eth0', 'Wi-Fi 2'] }],
    [['--port', '0'], { port: 0 }],
    [['--port=65535'], { port: 65_535 }],
    [['--methods', 'd'], { methods: ['direct'] }],
    [['--methods', 'tupRD'], { methods: ['relay', 'udp-punch', 'tcp-punch', 'reverse', 'direct'] }],
    [['--paths', 'l'], { paths: ['local'] }],
    [['--paths', 'l,e,l'], { paths: ['local', 'external'] }],
    [['--families', '6'], { families: [6] }],
    [['--families', '6,4'], { families: [6, 4] }],
    [['--timeout', '0.5'], { timeout: 500 }],
    [['--timeout', '0'], { timeout: 0 }],
    [['--no-upnp'], { portMapping: false }],
    [['--log', 'debug'], { log: 'debug' }],
    [['--servers', 'my servers.json'], { servers: { kind: 'file', path: 'my servers.json' } }],
    [['--via', '192.168.1.5'], { servers: { kind: 'via', via: '192.168.1.5' } }],
    [['--via=[2001:db8::5]:99#9f2c'], { servers: { kind: 'via', via: '[2001:db8::5]:99#9f2c' } }],
  ])('%j', (args, config) => {
    expect(parse(...args)).toEqual({ ...DEFAULT_CONFIG, ...config });
  });

  test.each([
    [['--port', '65536'], 'a port, 0 to 65535'],
    [['--port', '-1'], 'a port, 0 to 65535'],
    [['--port', '1e3'], 'a port, 0 to 65535'],
    [['--port', ''], 'a port, 0 to 65535'],
    [['--methods', 'dz'], '"z" is none of d, r, p, u, t'],
    [['--methods', ','], 'letters out of drput'],
    [['--paths', 'w'], '"w" is none of e, l'],
    [['--families', '5'], '"5" is none of 4, 6'],
    [['--interface', 'a,,b'], 'separated by commas'],
    [['--interface', ''], 'separated by commas'],
    [['--timeout', 'soon'], 'seconds, 0 to 86400'],
    [['--timeout', ' '], 'seconds, 0 to 86400'],
    [['--timeout', '-1'], 'seconds, 0 to 86400'],
    [['--timeout', 'Infinity'], 'seconds, 0 to 86400'],
    [['--log', 'loud'], 'error, warn, info, debug'],
    [['--via', ' '], 'It is empty'],
    [['--servers', ''], 'It is empty'],
    [['--portt', '1'], 'Did you mean --port?'],
    [['--port'], 'argument missing'],
  ])('%j is refused in words that help: %s', (args, words) => {
    expect(() => parse(...args)).toThrow(words);
    expect(() => parse(...args)).toThrow(CommanderError);
  });

  test('--via and --servers exclude each other', () => {
    const both = () => parse('--via', 'a', '--servers', 'b');
    expect(both).toThrow(/'--via .*' cannot be used with option '--servers <file>'/);
    expect(both).toThrow(CommanderError);
    expect(() => parse('--servers', 'b', '--via', 'a')).toThrow(CommanderError);
  });

  test.each([
    ['1', 1],
    ['1000000', 1_000_000],
    ['100K', 100_000],
    ['100m', 100_000_000],
    ['2G', 2_000_000_000],
    ['17179869184', 2 ** 34],
  ])('bytes: %s are %d', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(['', '0', '-1', '1.5M', '18G', '1T', 'M', '1 M', '0x10', '9999999999999999'])(
    'bytes: %j are none',
    (text) => {
      expect(() => parseBytes(text)).toThrow('Give bytes, 1 to 16G');
    },
  );

  test('node ids: 32 hex digits each, in small letters, each once', () => {
    const [a, b] = ['0123456789ABCDEF'.repeat(2), 'f'.repeat(32)];
    expect(parseNodeIds(`${a}, ${b},${a}`)).toEqual([a.toLowerCase(), b]);
    expect(() => parseNodeIds(a.slice(1))).toThrow('is no node id (32 hex digits)');
    expect(() => parseNodeIds('g'.repeat(32))).toThrow('is no node id (32 hex digits)');
  });

  test('numbers: whatever is typed, what comes out is in its range', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)), (text) => {
        for (const [parseOne, limit] of [
          [parseBytes, 2 ** 34],
          [parseSeconds, 86_400_000],
        ] as const) {
          const value = resultOf(parseOne, text);
          expect(value === null || (value >= 0 && value <= limit)).toBe(true);
        }
      }),
    );
  });
});

/** null where it is refused. */
function resultOf(parseOne: (text: string) => number, text: string): number | null {
  try {
    return parseOne(text);
  } catch {
    return null;
  }
}

describe('help', () => {
  const COMMON = [
    '--via <host[:port][#key]>',
    '--servers <file>',
    '--state <dir>',
    '--interface <names>',
    '--port <n>',
    '--methods <list>',
    '--paths <list>',
    '--families <list>',
    '--no-upnp',
    '--timeout <seconds>',
    '--json',
    '--log <level>',
  ];
  const OWN: Readonly<Record<string, readonly string[]>> = {
    interfaces: [],
    nat: ['--format <format>'],
    matrix: [],
    demo: ['--nat-a <nat>', '--nat-b <nat>', '--rtt <ms>', '--speed <factor>', '--no-turn', '--seed <text>'],
    accept: ['--echo', '--once', '--raw', '--allow <ids>', '--nickname <name>', '--save-to <dir>'],
    nickname: ['--echo', '--once', '--save-to <dir>'],
    resolve: [],
    connect: [
      '--send <text>',
      '--bench <bytes>',
      '--accept-new-key',
      '--raw',
      '--send-file <path>',
      '--linger <seconds>',
    ],
    trial: [
      '--accept',
      '--allow <ids>',
      '--nickname <name>',
      '--accept-new-key',
      '--repeat <n>',
      '--report <file>',
      '--format <format>',
      '--redact',
      '--compare <file>',
      '--replay <file>',
    ],
    serve: ['--host <addresses>', '--ports <list>', '--only <kinds>', '--pnp-store <where>'],
    completion: [],
  };
  /** Parsed, to be refused in words; nobody is offered them. */
  const HIDDEN: Readonly<Record<string, readonly string[]>> = {
    demo: [...COMMON.slice(0, 5), '--no-upnp'],
  };
  const program = createProgram();

  test('of the program names every command that there is', () => {
    expect(program.commands.map((command) => command.name())).toEqual(Object.keys(OWN));
    for (const name of Object.keys(OWN)) expect(program.helpInformation()).toContain(`  ${name} `);
  });

  test.each(Object.keys(OWN))("of %s names the contract's options and no other", (name) => {
    const command = program.commands.find((one) => one.name() === name) ?? program;
    const expected = [...(name === 'completion' ? [] : COMMON), ...(OWN[name] ?? [])];
    expect(command.options.map(({ flags }) => flags)).toEqual(expected);
    const hidden = new Set(HIDDEN[name] ?? []);
    for (const flags of expected) expect(command.helpInformation().includes(flags)).toBe(!hidden.has(flags));
  });

  test.each(['interfaces', 'nat', 'matrix', 'demo', 'accept', 'nickname', 'resolve', 'connect', 'serve'])(
    'of %s fits a terminal of 80 columns',
    (name) => {
      const command = program.commands.find((one) => one.name() === name) ?? program;
      for (const line of command.helpInformation().split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    },
  );
});
