/**
 * The trial's report: how long it takes to make, how large it is, and how long headless Chromium takes from being sent
 * to the file until all of it is drawn.
 *
 *   node bench/run.js report [RUNS]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { htmlOf } from '../src/app/trial/html/page.ts';
import { trialJson } from '../src/app/trial/json.ts';
import { redact } from '../src/app/trial/redact.ts';
import { parseTrial } from '../src/app/trial/schema.ts';
import { openChromium } from '../test/helpers/chromium.ts';
import { bigTrial, sampleTrial } from '../test/helpers/sample-trial.ts';
import { summary, table } from './lib/figures.ts';

const runs = Number(process.argv[2] ?? 15);
/** ms to be drawn. */
const TARGET = 200;
/** Two frames after the load: what was laid out by then is on the screen. */
const DRAWN = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))`;

const timed = (work: () => unknown) =>
  Array.from({ length: runs }, () => {
    const before = performance.now();
    work();
    return performance.now() - before;
  });

const folder = mkdtempSync(join(tmpdir(), 'p2pd-report-'));
const browser = await openChromium();
const rows = [['what', 'median', 'min', 'max']];
try {
  for (const [name, trial] of [
    ['sample', sampleTrial()],
    ['big', bigTrial()],
  ] as const) {
    const json = JSON.stringify(trialJson(trial));
    const page = htmlOf(trial);
    console.log(`${name}: ${json.length} bytes of JSON, ${Buffer.byteLength(page)} of HTML`);
    rows.push([`${name}: read JSON`, ...summary(timed(() => parseTrial(json)))]);
    rows.push([`${name}: redact`, ...summary(timed(() => redact(trial)))]);
    rows.push([`${name}: make HTML`, ...summary(timed(() => htmlOf(trial)))]);
    const file = join(folder, `${name}.html`);
    writeFileSync(file, page);
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      const tab = await browser.newPage();
      await tab.goto(pathToFileURL(file).href);
      times.push(Number(await tab.evaluate(DRAWN)));
      await tab.close();
    }
    rows.push([`${name}: drawn (target ${TARGET})`, ...summary(times)]);
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${table(rows)}\n\nms; ${runs} runs each`);
