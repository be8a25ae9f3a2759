/**
 * HTML that cannot be broken out of: whatever stands between the literal parts of a template is escaped, unless it came
 * out of such a template itself. Controls and bidirectional characters are made visible first. Pure.
 */
import { makeVisible } from '../../visible.ts';

export class Markup {
  readonly text: string;

  /** @param text trusted: of our own literals and of escaped values only */
  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | null | readonly Value[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** `` html`<p class="${name}">${text}</p>` ``; attributes must stand in quotes. null is nothing. */
export function html(literals: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(literals.map((literal, i) => (i === 0 ? '' : textOf(values[i - 1])) + literal).join(''));
}

function textOf(value: Value | undefined): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escaped(value);
  return value.map(textOf).join('');
}

/** A figure and its unit stay on one line. */
function escaped(text: string): string {
  return makeVisible(text)
    .replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')
    .replace(/(?<=\d) (?=ms\b|s\b|%)/g, '&nbsp;');
}
