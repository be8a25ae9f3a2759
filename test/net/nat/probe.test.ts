import { expect, test } from 'vitest';
import { natPreset } from '../../lab/index.ts';
import { natLab, reportIn } from './nat-lab.ts';
const T = ['open internet','udp firewall','full cone','restrict','restrict port','symmetric','blocked'] as const;
const D = ['equal','preserving','independent','dependent','random'] as const;
test('x', { timeout: 600_000 }, async () => {
  const N = Number(process.env.N ?? 10), loss = Number(process.env.LOSS ?? 0);
  const bad = new Map<string, number>(); let n = 0, wrong = 0, max = 0, sum = 0;
  for (let seed = 1; seed <= N; seed++)
  for (const [i, t] of T.entries())
  for (const [j, d] of D.entries()) {
    if ((i < 2 || i === 6) && j > 0) continue;
    const value = d === 'independent' || d === 'dependent' ? [1, 2, 3, -1, 7, 40][seed % 6]! : 0;
    const range = ([[1024, 65535], [35000, 65535], [20000, 22047], [40000, 40511]] as const)[seed % 4]!;
    const l = await natLab({ seed, loss, nat: natPreset(t, { type: d, value }, { range }) });
    const r = await reportIn(l);
    const natted = i >= 2 && i < 6;
    const check = (what: string, got: unknown, want: unknown) => {
      n++;
      if (JSON.stringify(got) === JSON.stringify(want)) return;
      if (got !== null && (got as {type: null}).type !== null) wrong++;
      const key = `${t} ${d} ${value} ${range} ${what} ${JSON.stringify(got)} not ${JSON.stringify(want)}`;
      bad.set(key, (bad.get(key) ?? 0) + 1);
      if (process.env.SHOW && bad.size < 4) console.log(seed, key, r[what.startsWith('udp') ? 'udp' : 'tcp'].evidence.map(e=>`${e.test} ${e.server} ${e.local} ${e.mapped}`).join('\n'));
    };
    const delta = natted ? { type: j + 2, value: j === 2 || j === 3 ? value : 0 } : { type: 1, value: 0 };
    check('udp type', r.udp.type, i + 1);
    check('udp delta', r.udp.delta, delta);
    check('tcp delta', r.tcp.delta, delta);
    if (i < 6) check('tcp mapping', r.tcp.mapping, i === 5 ? 'address-and-port-dependent' : 'endpoint-independent');
    if (i < 6) { max = Math.max(max, r.elapsed); sum += r.elapsed; }
  }
  console.log([...bad].sort((a,b)=>b[1]-a[1]).slice(0,25).map(([k, c]) => `${c} ${k}`).join('\n'), '\n', n, wrong, [...bad.values()].reduce((a,b)=>a+b,0), max);
  expect(1).toBe(1);
});
