/** A line of text with its cursor; what does not fit is to the left or right of what is shown. */
import { Text, Transform } from 'ink';
import { makeVisible } from '../../app/visible.ts';
import { charactersOf, type Line } from '../line-edit.ts';
import { widthOf } from '../width.ts';

export interface TextFieldProps {
  readonly line: Line;
  /** Columns it may take, cursor included. */
  readonly columns: number;
  /** Shows the cursor, and what is around it; else the beginning. */
  readonly focused: boolean;
  /** Shown where nothing is typed. */
  readonly placeholder?: string;
}

export function TextField({ line, columns, focused, placeholder = '' }: TextFieldProps) {
  if (line.text === '' && !focused) return <Text dimColor>{placeholder}</Text>;
  const characters = charactersOf(line.text).map(makeVisible);
  if (!focused) return <Text wrap="truncate">{fitting(characters, columns)}</Text>;
  const start = windowStart(characters, line.cursor, columns - 1);
  const before = characters.slice(start, line.cursor).join('');
  const under = characters[line.cursor] ?? ' ';
  const after = fitting(characters.slice(line.cursor + 1), columns - widthOf(before) - widthOf(under));
  return (
    <Text wrap="truncate">
      {before}
      <Transform transform={inverted}>{under}</Transform>
      {line.text === '' ? <Text dimColor>{` ${placeholder}`}</Text> : after}
    </Text>
  );
}

/** The cursor is no colour: it is there with NO_COLOR too, under which Ink's own `inverse` is not. */
function inverted(text: string): string {
  return `\x1b[7m${text}\x1b[27m`;
}

/** The first character shown, so that the cursor is in view. */
function windowStart(characters: readonly string[], cursor: number, columns: number): number {
  let width = 0;
  let start = cursor;
  while (start > 0) {
    width += widthOf(characters[start - 1] ?? '');
    if (width >= columns) break;
    start--;
  }
  return start;
}

function fitting(characters: readonly string[], columns: number): string {
  let text = '';
  let width = 0;
  for (const character of characters) {
    width += widthOf(character);
    if (width > columns) break;
    text += character;
  }
  return text;
}
