/**
 * How a text is written in YAML so that every reader gets the same text back.
 *
 * The report says what was typed, so `no` must not become false and `1:30` not ninety: a plain text is one that
 * neither YAML 1.2 nor 1.1 (PyYAML, Ruby) takes for anything else. What YAML does not admit as a character is
 * escaped, lone surrogates included.
 */
import { Scalar, Schema } from 'yaml';

/** What the scalar types of YAML 1.1 other than text look like. */
const MISREAD = new Schema({ schema: 'yaml-1.1' }).tags.flatMap((tag) =>
  'test' in tag && tag.test !== undefined ? [tag.test] : [],
);

/** Types of YAML 1.1 that have one spelling and no test: merge key and default value. */
const RESERVED = new Set(['<<', '=']);

const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/u;

/** White space where a block's indentation or end could be mistaken for it. */
const FRAGILE_BLOCK = /^\s|\s\n|\s$/;

/** What ends a plain text on one line; a question mark does for readers of YAML 1.1. */
const FRAGILE_IN_LINE = /[\n?]/;

/** A text as a node: plain where that is safe, a block of lines where `multiline` says there is room. */
export function yamlText(text: string, multiline: boolean): Scalar<string> {
  const node = new Scalar(text);
  const quoted =
    UNPRINTABLE.test(text) ||
    (multiline ? text.includes('\n') && FRAGILE_BLOCK.test(text) : FRAGILE_IN_LINE.test(text)) ||
    RESERVED.has(text) ||
    MISREAD.some((test) => test.test(text));
  if (quoted) node.type = Scalar.QUOTE_DOUBLE;
  return node;
}

/**
 * Escapes the characters that YAML refuses and JSON's quoting leaves alone. `yamlText` has put them into double
 * quotes, the only place where an escape means anything.
 */
export function escapeUnprintable(yaml: string): string {
  return yaml.replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
