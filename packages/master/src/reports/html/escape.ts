/**
 * HTML from templates: every value is escaped unless it is HTML already, so no text of a script, a suite or a machine
 * can become markup, in an element or in a quoted attribute. Characters that HTML does not admit become U+FFFD.
 */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Value = Html | string | number | undefined | readonly Value[];

/** Attributes must be quoted: `<a href="${link}">`. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  let text = strings[0] ?? '';
  for (const [at, value] of values.entries()) text += markup(value) + (strings[at + 1] ?? '');
  return new Html(text);
}

function markup(value: Value): string {
  if (value instanceof Html) return value.text;
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escaped(value);
  return value.map(markup).join('');
}

const SPECIAL =
  /[&<>"'\r\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/;
const NOT_HTML =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff\ufdd0-\ufdef]|\p{Noncharacter_Code_Point}/gu;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(raw: string): string {
  // Most texts are plain words.
  if (!SPECIAL.test(raw)) return raw;
  return raw
    .replace(/\r\n?/g, '\n')
    .replace(NOT_HTML, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A link to a file beside the page, whatever its name is. */
export function link(...parts: readonly string[]): string {
  const names = parts.join('/').split('/');
  return `./${names.map((name) => encodeURIComponent(name.toWellFormed())).join('/')}`;
}
