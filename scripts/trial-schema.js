/**
 * docs/trial.schema.json, made from the rules by which the program reads a trial. Checks that JSON Schema has no words
 * for are left out of it.
 */
import { toJsonSchema } from '@valibot/to-json-schema';

/**
 * @param {import('valibot').GenericSchema} schema
 * @returns {string} the file's text
 */
export function trialSchemaText(schema) {
  const { $schema, ...rules } = toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' });
  const title =
    'A trial of p2pd-demo: what `p2pd-demo trial --json` prints, and `--compare` and `--replay` read';
  return `${JSON.stringify({ $schema, title, ...rules }, null, 1)}\n`;
}
