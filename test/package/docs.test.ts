/** Documents hold together: links and files that they name are there, and what is shipped needs nothing that is not. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  'docs/api/README.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
/** Its headings are numbered by typedoc, now and then otherwise than GitHub does. */
const GENERATED = 'docs/api/README.md';
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');

/** Links within the repository: the file and the heading that each leads to. */
function linksOf(page: string): { readonly file: string; readonly heading: string }[] {
  return [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', heading = ''] = link.split('#');
      return { file: path === '' ? page : normalize(join(dirname(page), path)), heading };
    });
}

/** As GitHub makes them of headings, and those that a page sets itself. */
function anchorsOf(page: string): string[] {
  const text = textOf(page).replace(/^```[\s\S]*?^```/gm, '');
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title);
  const slugs = headings.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
  const own = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  const numbered = slugs.map((slug, i) => {
    const before = slugs.slice(0, i).filter((other) => other === slug).length;
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return [...numbered, ...own];
}

describe.each(PAGES)('%s', (page) => {
  test('links lead to files and headings that there are', () => {
    for (const { file, heading } of linksOf(page)) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      if (heading !== '' && page !== GENERATED)
        expect(anchorsOf(file), `${file}#${heading}`).toContain(heading);
    }
  });

  test('files that it names are there', () => {
    const named = [...textOf(page).matchAll(/`((?:src|test|bench|scripts|bin)\/[\w./-]*\w)`/g)];
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

test('every document is in the index', () => {
  const index = linksOf('docs/README.md').map(({ file }) => file);
  expect(
    PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md' && !index.includes(page)),
  ).toEqual([]);
});
