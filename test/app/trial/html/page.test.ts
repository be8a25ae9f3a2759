import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrialDocument } from '../../../../src/app/trial/document.ts';
import { htmlOf } from '../../../../src/app/trial/html/page.ts';
import { redact } from '../../../../src/app/trial/redact.ts';
import { CHROMIUM, openChromium } from '../../../helpers/chromium.ts';
import { describeNeeding } from '../../../helpers/needs.ts';
import { bigTrial, easyTrial, hostileTrial, sampleTrial } from '../../../helpers/sample-trial.ts';

const TRIALS: readonly (readonly [string, TrialDocument])[] = [
  ['sample', sampleTrial()],
  ['redacted', redact(sampleTrial())],
  ['easy', easyTrial()],
  ['hostile', hostileTrial()],
  ['big', bigTrial()],
  ['empty', { ...sampleTrial(), cells: [], advice: [], clock: null }],
];
const TAGS = new Set(
  'html head meta title style body main header section footer figure figcaption h1 h2 h3 p b br span div ul ol li dl dt dd code table caption thead tbody tr th td details summary svg defs path circle rect line text use'.split(
    ' ',
  ),
);

test.each(TRIALS)(
  'page: of the %s trial has only tags of ours, no attribute that acts, and is small',
  (_, document) => {
    const page = htmlOf(document);
    const tags = [...page.replace(/<style>.*?<\/style>/s, '').matchAll(/<\/?([a-z0-9]+)([^>]*)>/gi)];
    for (const [, name = '', attributes = ''] of tags) {
      expect(TAGS).toContain(name);
      expect(attributes.replace(/"[^"]*"/g, '""')).not.toMatch(/\b(on\w+|style|src|action|srcdoc)=/i);
    }
    for (const [link] of page.matchAll(/href="[^"]*"/g)) expect(link).toMatch(/^href="#m-[a-z]+"$/);
    expect(page).not.toMatch(/[^\P{C}\n]/u);
    expect(page.length).toBeLessThan(300_000);
  },
);

test('page: its policy forbids everything but the one style, by its hash', () => {
  const page = htmlOf(sampleTrial());
  const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  expect(policy).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src 'none'; base-uri 'none'; form-action 'none'`,
  );
  expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'));
});

test('page: every drawing says in words what it shows', () => {
  const page = htmlOf(sampleTrial());
  for (const [drawing] of page.matchAll(/<svg(?![^>]*preserveAspectRatio)[^>]*>.{0,20}/g))
    expect(drawing).toMatch(/aria-hidden="true"|role="img"[^>]*><title>/);
  expect(page).toContain('UDP punch, A → B: 4 opened, median 638&nbsp;ms, from 575&nbsp;ms to 867&nbsp;ms');
  expect(page).toContain(
    'A, behind symmetric, random ports, and B, behind restrict port, equal ports: UDP punch',
  );
});

test('page: tells verdict, surprise, failures, clock and redaction', () => {
  const page = htmlOf(redact(sampleTrial()));
  expect(page).toContain('<h1>These two machines sometimes reach each other without a relay');
  expect(page).toContain('▲ surprise: expected no');
  expect(page).toContain('UDP punch, Internet, IPv4, B → A (2 of 5)');
  expect(page).toContain('ahead of A&#39;s, ± 1.1&nbsp;ms');
  expect(page).toContain('Redacted: IP addresses');
  expect(page).not.toContain('198.51.100.23');
});

/** Text whose contrast with what is behind it is below 4.5 (WCAG 2.2, 1.4.3). */
const FAINT = `(() => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim() !== ''))
    .filter((node) => !['TITLE', 'title', 'STYLE'].includes(node.tagName))
    .map((node) => {
      const style = getComputedStyle(node);
      const [a, b] = [parse(node instanceof SVGElement ? style.fill : style.color), behind(node)].map(light);
      return [node.tagName + ' ' + node.textContent.slice(0, 30), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    })
    .filter(([, ratio]) => !(ratio >= 4.5));
})()`;

describeNeeding(CHROMIUM, 'page in Chromium', () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), 'p2pd-page-'));

  beforeAll(async () => {
    browser = await openChromium();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function opened(
    name: string,
    document: TrialDocument,
    look: { readonly width: number; readonly scheme: 'light' | 'dark' },
  ) {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, htmlOf(document));
    const page: Page = await browser.newPage({
      viewport: { width: look.width, height: 800 },
      colorScheme: look.scheme,
    });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => complaints.push(dialog.message()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, requests, address: pathToFileURL(file).href };
  }

  test.each(TRIALS)(
    'page in Chromium: the %s trial opens without a complaint and without a request',
    async (name, document) => {
      const { page, complaints, requests, address } = await opened(name, document, {
        width: 1_200,
        scheme: 'light',
      });
      expect(await page.evaluate('getComputedStyle(document.querySelector("main")).maxWidth')).toBe('960px');
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(complaints).toEqual([]);
      expect(requests).toEqual([address]);
      await page.close();
    },
  );

  test.each(TRIALS)(
    'page in Chromium: the %s trial fits a phone of 360 px, opened details too',
    async (name, document) => {
      const { page } = await opened(name, document, { width: 360, scheme: 'light' });
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      expect(
        await page.evaluate('document.querySelectorAll("svg.tall")[0].getBoundingClientRect().width'),
      ).toBeGreaterThan(300);
      await page.close();
    },
  );

  test.each(['light', 'dark'] as const)(
    'page in Chromium: all text can be read in %s mode',
    async (scheme) => {
      const { page } = await opened('contrast', sampleTrial(), { width: 1_200, scheme });
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await page.evaluate(FAINT)).toEqual([]);
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(ground).toBe(scheme === 'light' ? 'rgb(253, 252, 249)' : 'rgb(21, 23, 26)');
      await page.close();
    },
  );

  test('page in Chromium: hostile text does nothing and is seen as it is', async () => {
    const { page } = await opened('hostile', hostileTrial(), { width: 1_200, scheme: 'light' });
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('script, img, a, iframe, form, input, [onerror], [onload]').count()).toBe(0);
    expect(await page.locator('h1').isVisible()).toBe(true);
    const text = await page.locator('main').textContent();
    expect(text).toContain('</script><script>window.hacked = 1</script>');
    expect(text).toContain('\\u{202e}gnp.exe');
    await page.close();
  });

  test('page in Chromium: paper shows what is folded on the screen', async () => {
    const { page } = await opened('paper', sampleTrial(), { width: 800, scheme: 'dark' });
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('.facts').first().isVisible()).toBe(true);
    await page.close();
  });
});
