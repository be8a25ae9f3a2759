/** Machines with two interfaces: which are used, what happens when one is dead, and that no pipe shows twice. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { inLab, type Lab } from './lab.ts';
import { ipv4Only, twoInterfaces } from './plans.ts';

/** From request to pipe over the second pair of addresses: one stagger, a handshake, and a busy machine. */
const STAGGERED = 1_500;

/** Ways for the first interface of the peer to be of no use after its address was told. */
const deaths: readonly { readonly name: string; kill(lab: Lab): void }[] = [
  {
    name: 'drops every packet',
    kill: (lab) =>
      lab.net.filter(
        'b',
        'table inet lab { chain in { type filter hook input priority 0; iifname "eth0" drop; }; }',
      ),
  },
  { name: 'has gone down', kill: (lab) => lab.net.configure('b', 'link set eth0 down') },
  { name: 'of the caller has gone down', kill: (lab) => lab.net.configure('a', 'link set eth0 down') },
];

describeNeeding({ namespaces: true, commands: ['ip', 'nft'] }, 'machines with two interfaces', () => {
  test.concurrent.for(deaths)('connect: goes by the second interface when the first $name', ({ kill }) =>
    inLab(twoInterfaces, async (lab) => {
      const peer = await lab.accept('b');
      kill(lab);
      const args = ['connect', peer.address, '--json', '--families', '4'];
      const dialler = await lab.start('a', args, { input: 'hi\n' }).exits(0);
      expectContract(dialler.events);
      const [opened] = dialler.all('open');
      expect(opened?.local).toMatch(/^10\.2\.0\.1:/);
      expect(opened?.remote).toMatch(/^10\.2\.0\.2:/);
      expect(opened?.elapsed).toBeLessThan(STAGGERED);
      const attempts = dialler.all('attempt');
      const lost = attempts.filter(({ state }) => state === 'failed');
      expect(lost).toHaveLength(attempts.filter(({ state }) => state === 'start').length - 1);
      for (const { reason } of lost) expect(reason).toMatch(/./);
      await peer.program.event('closed');
      expect(peer.program.all('open')).toHaveLength(1);
    })(),
  );

  test.concurrent(
    'connect: ten connects over two live interfaces are ten pipes on the accepting side',
    { timeout: 60_000 },
    inLab(twoInterfaces, async (lab) => {
      const peer = await lab.accept('b');
      for (let i = 0; i < 5; i++) {
        const pair = [1, 2].map((n) => lab.start('a', ['connect', peer.address, '--send', `${i}.${n}`]));
        for (const dialler of pair) await dialler.exits(0);
      }
      await peer.program.event('closed', 9);
      expectContract(peer.program.events);
      const pipes = peer.program.all('open').map((open) => open.pipe);
      expect(pipes).toHaveLength(10);
      expect(new Set(pipes).size).toBe(10);
      const received = peer.program.all('message').filter(({ direction }) => direction === 'in');
      expect(received).toHaveLength(10);
    }),
  );

  test.concurrent(
    '--interface: a node is reached by the named interface, and an unknown name is exit 15',
    inLab(twoInterfaces, async (lab) => {
      const peer = await lab.accept('b', ['--echo', '--interface', 'eth1']);
      const dialler = await lab.start('a', ['connect', peer.address, '--json'], { input: 'hi\n' }).exits(0);
      expect(dialler.all('open')[0]?.remote).toMatch(/^10\.2\.0\.2:/);
      const unknown = await lab.start('a', ['accept', '--json', '--interface', 'eth7']).exits(15);
      expect(unknown.all('error')).toMatchObject([
        { code: 'NO_INTERFACE', message: expect.stringContaining('eth0, eth1') },
      ]);
    }),
  );

  test.concurrent(
    'interfaces --json: every usable interface, nothing of loopback or what is down',
    inLab(twoInterfaces, async (lab) => {
      lab.net.configure('a', 'link add docker0 type bridge', 'address add 172.17.0.1/16 dev docker0');
      lab.net.configure('a', 'link set docker0 up', 'link set eth1 down');
      const program = await lab.start('a', ['interfaces', '--json']).exits(0);
      const report = JSON.parse(program.stdout);
      expect(report.schemaVersion).toBe(1);
      expect(report.interfaces.map((nic: { id: string }) => nic.id)).toEqual(['eth0']);
      expect(report.interfaces[0]).toMatchObject({
        gateways: { 2: null, 23: null },
        nat: { type: null, nat_info: 'unknown' },
        rp: { 2: [{ af: 2, nic_ips: [{ ip: '10.1.0.1', cidr: 32, af: 2 }], ext_ips: [] }] },
      });
      expect(report.interfaces[0].rp[23][0].nic_ips[0]).toMatchObject({ ip: 'fd01::1', cidr: 128, af: 23 });
    }),
  );

  test.concurrent(
    'connect: no path at all between the families is exit 10 and says so',
    inLab(ipv4Only, async (lab) => {
      const { address } = await lab.accept('b');
      const dialler = await lab.start('a', ['connect', address, '--json', '--families', '6']).exits(10);
      expectContract(dialler.events);
      expect(dialler.all('attempt')).toEqual([]);
      expect(dialler.all('error')).toMatchObject([{ code: 'NO_PATH' }]);
    }),
  );
});
