import { expect, test } from 'vitest';
import { adviceFor } from '../../../src/app/trial/advice.ts';
import type { SideName, TrialCell, TrialDocument } from '../../../src/app/trial/document.ts';
import type { NatReport, NatType, PortMappingFacts } from '../../../src/net/index.ts';
import { easyTrial, sampleTrial } from '../../helpers/sample-trial.ts';

/** The sample, with the first report of a side changed. */
function withNat(
  side: SideName,
  udp: Partial<NatReport['udp']>,
  portMapping?: PortMappingFacts,
): TrialDocument {
  const document = sampleTrial();
  const [{ portMapping: _, ...report }] = document.sides[side].reports as [NatReport];
  const changed = { ...report, udp: { ...report.udp, ...udp }, ...(portMapping && { portMapping }) };
  return {
    ...document,
    sides: { ...document.sides, [side]: { ...document.sides[side], reports: [changed] } },
  };
}
function withCells(change: (cell: TrialCell) => TrialCell | null): TrialDocument {
  const document = sampleTrial();
  return { ...document, cells: document.cells.map(change).filter((cell) => cell !== null) };
}
const ended = (cell: TrialCell, outcome: 'open' | 'failed'): TrialCell => ({
  ...cell,
  runs: cell.runs.map((run) => ({ ...run, outcome })),
});
const NONE: PortMappingFacts = { upnp: false, natPmp: false, pcp: false };
const adviceText = (document: TrialDocument) => adviceFor(document).join('\n');

test('advice: a router that offers port mapping comes first', () => {
  expect(adviceFor(sampleTrial())[0]).toMatch(
    /^Port mapping on side B would make direct connects to it work: its router offers UPnP/,
  );
  expect(adviceText(withNat('a', {}, { upnp: null, natPmp: true, pcp: true }))).toMatch(
    /offers PCP and NAT-PMP/,
  );
  expect(adviceText(withNat('b', { type: 5 }, NONE))).not.toMatch(/^Port mapping/m);
});

test('advice: nothing to do where everything opens directly', () => {
  expect(adviceFor(easyTrial())).toEqual(['Everything opens directly: nothing to do.']);
});

test('advice: one side that is reached is enough, as the other is dialled back', () => {
  const reached = withCells((cell) =>
    (cell.method === 'direct' && cell.initiator === 'a') ||
    (cell.method === 'reverse' && cell.initiator === 'b')
      ? ended(cell, 'open')
      : cell,
  );
  expect(adviceFor(reached)).toEqual([
    'Side A reaches side B directly, and B asks A to dial back: nothing needs to change.',
  ]);
});

test('advice: hole punching that always opens is good enough', () => {
  const punched = withCells((cell) => (cell.method === 'udp-punch' ? ended(cell, 'open') : cell));
  expect(adviceFor(punched)).toEqual(['Hole punching over UDP opened every time: nothing needs to change.']);
});

test('advice: nothing comes back', () => {
  expect(adviceText(withNat('a', { type: 7 as NatType }))).toMatch(/Nothing comes back to side A/);
});

test('advice: a firewall over IPv6 is all that is between two that have it', () => {
  const document = sampleTrial();
  const six = document.sides.b.reports.filter(({ family }) => family === 6);
  const { a } = document.sides;
  const both = { ...document.sides, a: { ...a, reports: [...a.reports, ...six] } };
  expect(adviceText({ ...document, sides: both })).toMatch(/The firewall of side B could let IPv6/);
  expect(adviceText(document)).not.toMatch(/firewall of side/);
});

test('advice: another kind of mapping, where that is what is in the way', () => {
  expect(adviceText(sampleTrial())).toMatch(
    /Another network on side A, or a router there that keeps one port/,
  );
  expect(adviceText(withNat('a', { type: 5, delta: { type: 2, value: 0 } }))).not.toMatch(/keeps one port/);
});

test('advice: IPv6 that one or both lack', () => {
  expect(adviceText(sampleTrial())).toMatch(/^Side A has no IPv6/m);
  expect(adviceText(withNat('b', {}))).toMatch(/^Neither side has IPv6/m);
});

test('advice: a relay that is missing or closed', () => {
  expect(adviceText(sampleTrial())).not.toMatch(/TURN/);
  const without = withCells((cell) => (cell.method === 'relay' ? null : cell));
  expect(adviceText(without)).toMatch(/A TURN server would give these two a relay/);
  const closed = withCells((cell) => (cell.method === 'relay' ? ended(cell, 'failed') : cell));
  expect(adviceText(closed)).toMatch(/The relay did not open/);
});

test('advice: what opens now and then is worth another try', () => {
  expect(adviceText(sampleTrial())).toMatch(/UDP hole punching opened 7 of 10 times/);
});

test('advice: a port forwarded by hand, where no router offers it', () => {
  expect(adviceText(withNat('b', { type: 5 }, NONE))).toMatch(/Forwarding the port of one side by hand/);
  expect(adviceText(sampleTrial())).not.toMatch(/by hand/);
});

test('advice: clocks, versions, and what was not tried', () => {
  const { a, b } = sampleTrial().sides;
  const sides = { a, b: { ...b, version: '0.2.0 ]]' } };
  const text = adviceText(sampleTrial({ clock: null, complete: false, incomplete: 'B left', sides }));
  expect(text).toMatch(/clocks of the two were not compared/);
  expect(text).toMatch(/different versions/);
  expect(text).toMatch(/not complete: run it again/);
  expect(text).not.toContain(']]');
});

test('advice: there is always some', () => {
  expect(adviceFor({ ...sampleTrial(), cells: [] })).toEqual(['Nothing was tried: run the trial again.']);
  const { a, b } = sampleTrial().sides;
  const blind = { a: { ...a, reports: [] }, b: { ...b, reports: [] } };
  const relayed = withCells((cell) => (cell.method === 'direct' ? cell : null));
  expect(adviceFor({ ...relayed, sides: blind }).length).toBeGreaterThan(0);
});
