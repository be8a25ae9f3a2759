/**
 * Who may import whom, as docs/architecture.md draws it:
 * bin → cli → app → pnp → net → net/wire, ui → app, app → lab → net, and one place for each package.
 * Every rule here is shown to bite by test/package/rules.test.ts.
 */

/** Inside net each entry imports only what stands before it. A name is a folder or a file of src/net. */
const NET_ORDER = [
  'stun',
  'ntp',
  'turn',
  'portmap',
  'nat',
  'identity',
  'address-interface',
  'address',
  'own-address',
  'signal',
  'pipe',
  'pipe-events',
  'transfer',
  'connect',
  'punch',
  'node-options',
  'message-handlers',
  'recovery',
  'node-pipes',
  'via',
  'info-server',
  'setup',
  'interface',
  'world',
  'nat-watch',
  'mapping-watch',
  'mapped-ports',
  'peer-memory',
  'meeting',
  'presence',
  'network-watch',
  'incoming',
  'node',
];

/** Package → the only files that may import it. */
const FENCES = {
  '@noble/curves': ['net/identity.ts', 'net/signal/envelope.ts', 'pnp/envelope.ts'],
  aedes: ['net/signal/broker.ts'],
  commander: ['cli/'],
  'default-gateway': ['net/io/'],
  ink: ['ui/'],
  kysely: ['pnp/'],
  libsql: ['pnp/'],
  mqtt: ['net/io/mqtt.ts'],
  'os-utils': ['net/io/'],
  pg: ['pnp/'],
  react: ['ui/'],
  sax: ['net/portmap/upnp-text.ts'],
  ws: ['net/io/websocket.ts'],
  secp256k1: ['pnp/curve.ts'],
  'string-width': ['ui/width.ts', 'cli/tables.ts'],
  stun: ['net/stun/message.ts'],
  systeminformation: ['net/io/'],
  'tiny-secp256k1': ['pnp/curve.ts'],
  'udx-native': ['net/io/udx.ts'],
  uqr: ['ui/'],
  // Wherever decoded JSON enters.
  valibot: ['net/(?!wire/)', 'pnp/', 'app/', 'cli/'],
  'zustand/vanilla': ['app/store.ts'],
};

/** Node's own modules that only compute: any file of ours may import them. */
const PURE_MODULES = [
  'assert',
  'buffer',
  'crypto',
  'events',
  'path',
  'stream',
  'string_decoder',
  'url',
  'util',
];

/** @param {readonly string[]} names */
const core = (names) => `^(node:)?(${names.join('|')})(/|$)`;
/** @param {readonly string[]} names */
const netEntry = (names) => `^src/net/(${names.join('|')})([.]ts$|/)`;
/**
 * Types of a package count as the package; zustand's entries lie in a folder of their own.
 *
 * @param {string} name
 */
const packagePath = (name) =>
  `(^|node_modules/)(@types/)?${name.replace('/vanilla', '/(esm/)?vanilla')}(/|[.]|$)`;
const anyPackage = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'unknown'];

/**
 * @param {string} name
 * @param {string} comment
 * @param {object} from
 * @param {object} to
 */
const rule = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });

const folders = [
  rule(
    'wire-imports-nothing',
    'Bytes and addresses are pure.',
    { path: '^src/net/wire/' },
    { pathNot: '^src/net/wire/' },
  ),
  rule(
    'io-imports-wire',
    'Effects know bytes, and no protocol.',
    { path: '^src/net/io/' },
    { path: '^(src|bin|dist)/', pathNot: '^src/net/(io|wire)/' },
  ),
  rule(
    'net-imports-net',
    'The library knows nothing of the program.',
    { path: '^src/net/' },
    { path: '^(src|bin|dist)/', pathNot: '^src/net/' },
  ),
  rule(
    'pnp-imports-net',
    'Names build on nodes.',
    { path: '^src/pnp/' },
    { path: '^(src|bin|dist)/', pathNot: '^src/(pnp|net)/' },
  ),
  rule(
    'lab-imports-net',
    'The simulated network is another Io, below the servers that run in it: it knows bytes, the type Io and net.',
    { path: '^src/lab/' },
    {
      path: '^(src|bin|dist)/',
      pathNot: '^src/(lab/|net/(index[.]ts$|wire/|io/(io|event-loop|host-addresses)[.]ts$))',
    },
  ),
  rule(
    'app-imports-pnp-and-net',
    'What the program does knows neither door.',
    { path: '^src/app/' },
    { path: '^(src|bin|dist)/', pathNot: '^src/(app|pnp|net|lab)/' },
  ),
  rule(
    'lab-only-when-asked-for',
    'A simulated network is for the few commands that want one: the others must not load it.',
    { path: '^src/(app|cli|ui)/' },
    { path: '^src/lab/', dynamic: false, dependencyTypesNot: ['type-only'] },
  ),
  rule(
    'ui-imports-app',
    'Screens read the store and send intents; they never touch the network.',
    { path: '^src/ui/' },
    { path: '^(src|bin|dist)/', pathNot: '^src/(ui|app)/' },
  ),
  rule(
    'cli-imports-app',
    'The command line joins app, the real Io of net, and the ui.',
    { path: '^src/cli/' },
    { path: '^(src|bin|dist)/', pathNot: '^src/(cli|app|ui|net)/' },
  ),
  rule(
    'ui-only-when-asked-for',
    'Ink is slow to load: headless commands must not.',
    { path: '^src/cli/' },
    { path: '^src/ui/', dynamic: false, dependencyTypesNot: ['type-only'] },
  ),
  rule(
    'bin-imports-dist',
    'The door loads the built program, nothing else.',
    { path: '^bin/' },
    { pathNot: ['(^|/)dist/cli[.]js$', core(['module'])] },
  ),
  rule(
    'door',
    'Other folders see net, pnp, ui and lab through their index only.',
    { path: '^src/([^/]+)/', pathNot: '^src/lab/' },
    { path: '^src/(net|pnp|ui|lab)/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.tsx?$'] },
  ),
  rule(
    'no-circular',
    'Two files that need each other are one subject, or hide a third.',
    {},
    { circular: true },
  ),
];

/** Files of src/net outside any entry are leaves (errors, timing, events): they import no entry. */
const order = [
  rule(
    'net-order-leaves',
    'What every part of net may import imports no part of it.',
    { path: '^src/net/[^/]+[.]ts$', pathNot: netEntry([...NET_ORDER, 'index']) },
    { path: netEntry([...NET_ORDER, 'index']) },
  ),
  ...NET_ORDER.map((name, index) =>
    rule(
      `net-order-${name}`,
      `Inside net a part imports only what stands before it: ${NET_ORDER.join(' · ')}.`,
      { path: netEntry([name]) },
      { path: netEntry([...NET_ORDER.slice(index + 1), 'index']) },
    ),
  ),
];

const effects = [
  rule(
    'io-comes-in-as-argument',
    'Parts of net see the type Io; the real one is made at the edge.',
    { path: '^src/net/', pathNot: ['^src/net/io/', '^src/net/(index|setup|interface|node)\\.ts$'] },
    { path: '^src/net/io/', dependencyTypesNot: ['type-only'] },
  ),
  rule(
    'io-loaded-when-asked-for',
    'Only the public conveniences load the real Io, and only when no other was given.',
    { path: '^src/net/(setup|interface|node)\\.ts$' },
    { path: '^src/net/io/', dynamic: false, dependencyTypesNot: ['type-only'] },
  ),
  rule(
    'io-is-a-type',
    'Of net/io others know the interface, not how it is done.',
    { path: '^src/net/', pathNot: ['^src/net/io/', '^src/net/index\\.ts$'] },
    {
      path: '^src/net/io/',
      pathNot: '^src/net/io/(io|transfer-types)\\.ts$',
      dependencyTypes: ['type-only'],
    },
  ),
  rule(
    'node-modules-with-effects',
    'Sockets, disk, clock and processes are behind Io.',
    { path: '^src/', pathNot: ['^src/net/io/', '^src/cli/'] },
    { dependencyTypes: ['core'], pathNot: core(PURE_MODULES) },
  ),
  rule(
    'node-modules-of-cli',
    'The command line reads lines; all else is behind Io.',
    { path: '^src/cli/' },
    { dependencyTypes: ['core'], pathNot: core([...PURE_MODULES, 'readline', 'process', 'tty']) },
  ),
];

const fences = [
  ...Object.entries(FENCES).map(([name, files]) =>
    rule(
      `fence-${name.replace(/[^a-z0-9-]/g, '-').replace(/^-/, '')}`,
      `Only ${files.join(', ')} may import ${name}.`,
      { path: '^(src|bin)/', pathNot: files.map((file) => `^src/${file}`) },
      { path: packagePath(name) },
    ),
  ),
  rule(
    'package-without-a-place',
    'A new package gets a fence above and a line in docs/decisions.md.',
    { path: '^(src|bin)/' },
    {
      dependencyTypes: anyPackage,
      pathNot: ['^[.].*[.]tsx?$', '(^|/)dist/cli[.]js$', ...Object.keys(FENCES).map(packagePath)],
    },
  ),
  rule(
    'no-tests-in-src',
    'The program does not know its tests.',
    { path: '^(src|bin)/' },
    { path: '^(test|bench|scripts)/' },
  ),
];

export default {
  forbidden: [...folders, ...order, ...effects, ...fences],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    // Type imports count: they are how a wrong direction begins.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
