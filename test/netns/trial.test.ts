/** Trials with real packets: what the report says is what the routers were set to. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseTrial } from '../../src/app/trial/schema.ts';
import { natPreset } from '../../src/lab/index.ts';
import type { DeltaType } from '../../src/lab/nat-ports.ts';
import type { NatTypeName } from '../../src/lab/nat-preset.ts';
import { describeNeeding } from '../helpers/needs.ts';
import type { Lab } from './lab.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS, type TwoNats } from './two-nats.ts';

type Nat = readonly [NatTypeName, DeltaType];
const PAIRS: [Nat, Nat][] = [
  [['full cone', 'preserving'], ['restrict port', 'equal']],
  [['restrict', 'equal'], ['restrict port', 'equal']],
  [['restrict port', 'equal'], ['restrict port', 'equal']],
  [['restrict port', 'equal'], ['restrict port', 'independent']],
  [['restrict port', 'dependent'], ['restrict port', 'equal']],
  [['restrict port', 'random'], ['full cone', 'equal']],
  [['symmetric', 'independent'], ['restrict port', 'equal']],
  [['symmetric', 'dependent'], ['restrict port', 'equal']],
  [['symmetric', 'random'], ['restrict port', 'equal']],
  [['restrict port', 'equal'], ['symmetric', 'random']],
  [['symmetric', 'random'], ['restrict', 'equal']],
  [['symmetric', 'random'], ['symmetric', 'random']],
];
describeNeeding(TWO_NATS_NEEDS, 'trial', () => {
  for (const delay of (process.env.DELAYS ?? '0').split(',').map(Number))
  test(
    `trial: look ${delay}`,
    { timeout: 900_000 },
    behindTwoNats(async (lab, nats) => {
      for (const [na, nb] of delay > 0 ? PAIRS.slice(0, 2).concat(PAIRS.slice(8,9)) : PAIRS) {
      await become(nats, natPreset(...na), natPreset(...nb));
      const b = lab.start('b', ['trial', '--accept', '--json', '--servers', nats.servers, '--no-upnp'], { input: null });
      const address = await b.until('address', () => /p2pd1\w+/.exec(b.stderr)?.[0]);
      const started = Date.now();
      const a = lab.start('a', ['trial', address, '--json', '--servers', nats.servers, '--no-upnp', '--repeat', delay > 0 ? '5' : '2', ...(delay > 0 ? [] : [])]);
      let done = false;
      while (!done && Date.now() - started < 140_000) {
        await Promise.race([a.ended().then(() => { done = true; }), new Promise((r) => setTimeout(r, 14_000))]).catch(() => undefined);
      }
      const seconds = (Date.now() - started) / 1000;
      try {
        await b.ended().catch(() => undefined); writeFileSync('/tmp/t1-a.json', a.stdout); writeFileSync('/tmp/t1-b.json', b.stdout); writeFileSync('/tmp/t1-b.err', b.stderr);
        const d = parseTrial(a.stdout); await b.ended().catch(() => undefined);
        const nat = (s: any) => s.reports.map((r: any) => `${r.udp.type}/${r.udp.delta.type} tcp ${r.tcp.type}/${r.tcp.delta.type}`).join();
        console.log(`PAIR ${na} | ${nb} | ${nat(d.sides.a)} | ${nat(d.sides.b)} | ${seconds} s | elapsed ${d.elapsed} | complete ${d.complete} ${d.incomplete} | same ${a.stdout === b.stdout} | clock ${JSON.stringify(d.clock)}`);
        for (const c of d.cells) console.log('   CELL', c.path, c.method, c.initiator, c.predicted, c.runs.map((r) => r.outcome[0] + Math.round(r.elapsed) + (r.sendMbps ? `@${r.sendMbps}` : '')).join(' '), c.surprise ? 'SURPRISE' : '', c.runs.find((r) => r.outcome === 'failed')?.reason ?? '');
        console.log('   ADVICE', d.advice.join(' | '));
      } catch (e) { console.log('FAILED', na, nb, seconds, String(e).slice(0, 500), a.said().slice(-1500), b.said().slice(-800)); }
      }
    }, Number(delay)),
  );
});
