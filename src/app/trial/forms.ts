/** A trial's report as a file: which form a name asks for, and the text. */
import { P2pdError, writeTextFile } from '../../net/index.ts';
import { fileWords } from '../file-words.ts';
import type { TrialDocument } from './document.ts';
import { trialJson } from './json.ts';

export type ReportForm = 'html' | 'markdown' | 'json';

const FORMS: Readonly<Record<string, ReportForm>> = {
  html: 'html',
  htm: 'html',
  md: 'markdown',
  markdown: 'markdown',
  json: 'json',
};

/** By the name's ending. @throws P2pdError USAGE */
export function formOf(path: string): ReportForm {
  const form = FORMS[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? ''];
  if (form !== undefined) return form;
  throw new P2pdError('USAGE', `a report cannot be written as ${path}: its name says no form`, {
    hint: 'end it with .html, .md or .json',
  });
}

export async function reportAs(document: TrialDocument, form: ReportForm): Promise<string> {
  switch (form) {
    case 'html':
      return (await import('./html/page.ts')).htmlOf(document);
    case 'markdown':
      return `${(await import('./markdown.ts')).markdownOf(document)}\n`;
    case 'json':
      return `${JSON.stringify(trialJson(document))}\n`;
  }
}

/** @throws P2pdError USAGE for a name without a form, FILE_UNUSABLE */
export async function writeReport(path: string, document: TrialDocument): Promise<void> {
  const text = await reportAs(document, formOf(path));
  try {
    await writeTextFile(path, text);
  } catch (cause) {
    throw new P2pdError('FILE_UNUSABLE', `the report cannot be written to ${path}: ${fileWords(cause)}`, {
      cause,
    });
  }
}
