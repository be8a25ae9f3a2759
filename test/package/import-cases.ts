/**
 * One file that breaks each import rule, and files that use what the rules allow. Data for
 * rules.test.ts; the files exist only in its temporary copy.
 */

export interface RuleCase {
  readonly rule: string;
  readonly file: string;
  readonly source: string;
}

const imports = (...names: readonly string[]) => names.map((name) => `import '${name}';\n`).join('');
const breaks = (rule: string, file: string, ...names: readonly string[]): RuleCase => ({
  rule,
  file,
  source: imports(...names),
});

/** What the cases import; empty files. */
export const STUBS = [
  'src/net/errors.ts',
  'src/net/index.ts',
  'src/net/io/io.ts',
  'src/net/io/node-io.ts',
  'src/net/wire/ip.ts',
  'src/pnp/index.ts',
  'src/pnp/packet.ts',
  'src/app/state.ts',
  'src/app/journeys/connect.ts',
  'src/ui/index.tsx',
  'src/lab/index.ts',
  'src/lab/lab.ts',
  'src/ui/app.tsx',
  'src/cli/main.ts',
  'test/helper.ts',
  'dist/cli.js',
];

/** The order inside net, written out again: the rule's own list is what is tested. */
const ORDER =
  'stun ntp turn portmap nat identity address-interface address own-address signal pipe pipe-events transfer connect punch node-options message-handlers recovery node-pipes via info-server setup interface world nat-watch mapping-watch mapped-ports peer-memory meeting presence network-watch incoming node-asks node'.split(
    ' ',
  );
const FOLDERS = [
  'stun',
  'ntp',
  'turn',
  'portmap',
  'nat',
  'signal',
  'pipe',
  'transfer',
  'connect',
  'punch',
  'meeting',
];
const netFile = (name: string, file: string) =>
  FOLDERS.includes(name) ? `${name}/${file}.ts` : `${name}.ts`;

/** Each part imports the one after it; folders by a file of their own, so that no circle arises. */
const order = ORDER.map((name, index): RuleCase => {
  const next = ORDER[index + 1];
  const to = next === undefined ? 'index.ts' : netFile(next, 'target');
  const isFolder = FOLDERS.includes(name);
  return {
    rule: `net-order-${name}`,
    file: `src/net/${netFile(name, 'wrong-order')}`,
    source: `import ${isFolder ? `'../${to}'` : `'./${to}'`};\nexport {};\n`,
  };
});

export const ORDER_TARGETS = FOLDERS.map((name) => `src/net/${name}/target.ts`);

export const IMPORT_CASES: readonly RuleCase[] = [
  breaks('wire-imports-nothing', 'src/net/wire/ours.ts', '../errors.ts'),
  breaks('wire-imports-nothing', 'src/net/wire/core.ts', 'node:crypto'),
  breaks('wire-imports-nothing', 'src/net/wire/package.ts', 'valibot'),
  breaks('io-imports-wire', 'src/net/io/protocol.ts', '../errors.ts'),
  breaks('net-imports-net', 'src/net/stun/up.ts', '../../app/state.ts'),
  breaks('pnp-imports-net', 'src/pnp/up.ts', '../app/state.ts'),
  breaks('lab-imports-net', 'src/lab/to-app.ts', '../app/state.ts'),
  breaks('lab-imports-net', 'src/lab/past-net.ts', '../net/errors.ts'),
  breaks('lab-imports-net', 'src/lab/real-io.ts', '../net/io/node-io.ts'),
  breaks('lab-only-when-asked-for', 'src/app/eager-lab.ts', '../lab/index.ts'),
  breaks('app-imports-pnp-and-net', 'src/app/to-ui.ts', '../ui/index.tsx'),
  breaks('app-imports-pnp-and-net', 'src/app/to-cli.ts', '../cli/main.ts'),
  breaks('ui-imports-app', 'src/ui/to-net.ts', '../net/index.ts'),
  breaks('ui-imports-app', 'src/ui/to-cli.ts', '../cli/main.ts'),
  {
    rule: 'ui-imports-app',
    file: 'src/ui/type-of-net.ts',
    source: "import type { Family } from '../net/index.ts';\nexport type F = Family;\n",
  },
  breaks('cli-imports-app', 'src/cli/to-pnp.ts', '../pnp/index.ts'),
  breaks('ui-only-when-asked-for', 'src/cli/eager.ts', '../ui/index.tsx'),
  breaks('bin-imports-dist', 'bin/source.js', '../src/cli/main.ts'),
  breaks('bin-imports-dist', 'bin/core.js', 'node:fs'),
  breaks('door', 'src/app/past-net.ts', '../net/errors.ts'),
  breaks('door', 'src/app/past-pnp.ts', '../pnp/packet.ts'),
  { rule: 'door', file: 'src/app/past-lab.ts', source: "await import('../lab/lab.ts');\n" },
  { rule: 'door', file: 'src/cli/past-ui.ts', source: "await import('../ui/app.tsx');\n" },
  breaks('no-circular', 'src/app/one.ts', './two.ts'),
  breaks('net-order-leaves', 'src/net/timing.ts', './identity.ts'),
  ...order,
  breaks('io-comes-in-as-argument', 'src/net/stun/client.ts', '../io/node-io.ts'),
  {
    rule: 'io-comes-in-as-argument',
    file: 'src/net/stun/lazy.ts',
    source: "await import('../io/node-io.ts');\n",
  },
  breaks('io-loaded-when-asked-for', 'src/net/interface.ts', './io/node-io.ts', './node.ts'),
  {
    rule: 'io-is-a-type',
    file: 'src/net/stun/type-of-real.ts',
    source: "import type { NodeIo } from '../io/node-io.ts';\nexport type N = NodeIo;\n",
  },
  ...[
    'net',
    'tls',
    'dgram',
    'dns',
    'os',
    'fs',
    'fs/promises',
    'timers',
    'timers/promises',
    'child_process',
  ].map((name) =>
    breaks('node-modules-with-effects', `src/net/nat/core-${name.replace('/', '-')}.ts`, `node:${name}`),
  ),
  breaks('node-modules-with-effects', 'src/app/without-prefix.ts', 'fs'),
  breaks('node-modules-with-effects', 'src/ui/reads-files.tsx', 'node:fs'),
  breaks('node-modules-of-cli', 'src/cli/opens-sockets.ts', 'node:net'),
  breaks('fence-noble-curves', 'src/pnp/rc6.ts', '@noble/curves/secp256k1.js'),
  breaks('fence-aedes', 'src/pnp/broker.ts', 'aedes'),
  breaks('fence-commander', 'src/app/journeys/parses.ts', 'commander'),
  breaks('fence-default-gateway', 'src/net/nat/gateway.ts', 'default-gateway'),
  breaks('fence-ink', 'src/cli/draws.ts', 'ink'),
  breaks('fence-kysely', 'src/app/queries.ts', 'kysely'),
  breaks('fence-libsql', 'src/app/stores.ts', 'libsql'),
  breaks('fence-mqtt', 'src/net/io/second-mqtt.ts', 'mqtt'),
  breaks('fence-os-utils', 'src/app/load.ts', 'os-utils'),
  breaks('fence-pg', 'src/app/postgres.ts', 'pg'),
  breaks('fence-react', 'src/app/hooks.ts', 'react'),
  breaks('fence-sax', 'src/net/portmap/second.ts', 'sax'),
  breaks('fence-ws', 'src/net/io/second.ts', 'ws'),
  breaks('fence-string-width', 'src/ui/home.ts', 'string-width'),
  breaks('fence-stun', 'src/net/stun/second.ts', 'stun'),
  breaks('fence-systeminformation', 'src/app/machine.ts', 'systeminformation'),
  breaks('fence-secp256k1', 'src/pnp/second-curve.ts', 'secp256k1'),
  breaks('fence-tiny-secp256k1', 'src/pnp/third-curve.ts', 'tiny-secp256k1'),
  breaks('fence-udx-native', 'src/net/io/second-udx.ts', 'udx-native'),
  breaks('fence-uqr', 'src/cli/codes.ts', 'uqr'),
  breaks('fence-valibot', 'src/ui/validates.ts', 'valibot'),
  breaks('fence-zustand-vanilla', 'src/app/second-store.ts', 'zustand/vanilla'),
  breaks('package-without-a-place', 'src/app/builds.ts', 'esbuild'),
  breaks('package-without-a-place', 'src/app/react-store.ts', 'zustand'),
  breaks('package-without-a-place', 'src/app/not-installed.ts', 'left-pad'),
  breaks('package-without-a-place', 'src/net/dev.ts', 'esbuild'),
  breaks('no-tests-in-src', 'src/app/tested.ts', '../../test/helper.ts'),
];

/** What each folder may do: none of these may be reported. */
export const ALLOWED: readonly { readonly file: string; readonly source: string }[] = [
  { file: 'src/net/wire/writer.ts', source: imports('./ip.ts') },
  {
    file: 'src/net/io/interfaces.ts',
    source: imports('../wire/ip.ts', 'node:os', 'node:fs/promises', 'os-utils'),
  },
  { file: 'src/net/io/mqtt.ts', source: imports('mqtt') },
  {
    file: 'src/net/stun/server.ts',
    source:
      "import type { Io } from '../io/io.ts';\nimport '../wire/ip.ts';\nimport '../errors.ts';\nexport type I = Io;\n",
  },
  { file: 'src/net/connect/race.ts', source: imports('../pipe/target.ts', 'node:crypto') },
  { file: 'src/pnp/envelope.ts', source: imports('../net/index.ts', '@noble/curves/secp256k1.js') },
  { file: 'src/app/store.ts', source: imports('zustand/vanilla', './state.ts') },
  { file: 'src/app/config.ts', source: imports('../net/index.ts', '../pnp/index.ts', 'valibot') },
  {
    file: 'src/cli/run.ts',
    source: `${imports('../app/journeys/connect.ts', '../net/index.ts', 'commander', 'node:readline')}await import('../ui/index.tsx');\n`,
  },
  {
    file: 'src/ui/home.tsx',
    source: `${imports('../app/state.ts', 'ink', 'react', 'uqr')}export const Home = () => <i />;\n`,
  },
  { file: 'src/lab/network.ts', source: imports('../net/index.ts', '../net/wire/ip.ts', '../net/io/io.ts') },
  {
    file: 'src/app/journeys/demo.ts',
    source:
      "import type { L } from '../../lab/index.ts';\nawait import('../../lab/index.ts');\nexport type M = L;\n",
  },
  { file: 'src/app/two.ts', source: imports('./one.ts') },
  { file: 'bin/p2pd-demo.js', source: imports('../dist/cli.js') },
];
