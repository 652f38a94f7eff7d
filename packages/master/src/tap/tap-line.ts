/**
 * One line of TAP 14 or KTAP 1, and what it is. Pure.
 *
 * Formats: https://testanything.org/tap-version-14-specification.html, and Documentation/dev-tools/ktap.rst of the Linux kernel.
 */

export type Directive = 'skip' | 'todo' | 'xfail' | 'timeout' | 'error';

export interface TestPoint {
  readonly kind: 'point';
  readonly ok: boolean;
  readonly number?: number;
  readonly description: string;
  readonly directive?: Directive;
  /** What follows the directive. */
  readonly reason?: string;
  /** What follows a `#` that is no directive: KTAP's diagnostic data; TAP has it as part of the description. */
  readonly data?: string;
}

export type TapLine =
  | { readonly kind: 'version'; readonly ktap: boolean }
  | { readonly kind: 'plan'; readonly count: number; readonly reason?: string }
  | TestPoint
  | { readonly kind: 'bail out'; readonly reason: string }
  | { readonly kind: 'subtest'; readonly name: string }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'yaml' }
  | { readonly kind: 'blank' }
  /** Also pragmas, which change nothing here. */
  | { readonly kind: 'other' };

const VERSION = /^(K?)TAP version \d+\s*$/;
const PLAN = /^1\.\.(\d{1,9})\s*(?:#\s*(.*))?$/;
const BAIL_OUT = /^bail out!\s*(.*)$/i;
const SUBTEST = /^#\s*Subtest(?::\s*(.*))?$/;
const POINT = /^(not )?ok(?:[ \t]+(\d{1,9})(?=[ \t]|$))?(?:[ \t]+-(?=[ \t]|$))?(?:[ \t]+(.*))?$/;
/** Of TAP in any case and with anything attached (`# Skipped: …`), of KTAP as they are. */
const DIRECTIVE = /^\s*(?:(skip|todo)\S*|(XFAIL|TIMEOUT|ERROR)(?=\s|$))\s*(.*)$/i;
const KTAP_DIRECTIVE = /^\s*(?:XFAIL|TIMEOUT|ERROR)/;

/** How far a line is indented, in spaces; a tab is none of TAP's. */
export function indentOf(text: string): number {
  let indent = 0;
  while (text[indent] === ' ') indent += 1;
  return indent;
}

/** `text` is without its indentation. */
export function readTapLine(text: string): TapLine {
  const line = text.trimEnd();
  if (line === '') return { kind: 'blank' };
  switch (line[0]) {
    case 'T':
    case 'K': {
      const version = VERSION.exec(line);
      return version ? { kind: 'version', ktap: version[1] === 'K' } : { kind: 'other' };
    }
    case '1':
      return plan(line);
    case 'o':
    case 'n':
      return point(line);
    case '#': {
      const subtest = SUBTEST.exec(line);
      return subtest
        ? { kind: 'subtest', name: subtest[1] ?? '' }
        : { kind: 'comment', text: line.slice(1).trim() };
    }
    case '-':
      return line === '---' ? { kind: 'yaml' } : { kind: 'other' };
    case 'B':
    case 'b': {
      const bail = BAIL_OUT.exec(line);
      return bail ? { kind: 'bail out', reason: unescaped(bail[1] ?? '') } : { kind: 'other' };
    }
    default:
      return { kind: 'other' };
  }
}

function plan(line: string): TapLine {
  const found = PLAN.exec(line);
  if (found === null) return { kind: 'other' };
  const reason = unescaped((found[2] ?? '').replace(/^skip\S*\s*/i, ''));
  return { kind: 'plan', count: Number(found[1]), ...(reason === '' ? {} : { reason }) };
}

function point(line: string): TapLine {
  const found = POINT.exec(line);
  if (found === null) return { kind: 'other' };
  const [, not, number, rest = ''] = found;
  const common = {
    kind: 'point' as const,
    ok: not === undefined,
    ...(number === undefined ? {} : { number: Number(number) }),
  };
  const at = delimiter(rest);
  if (at === undefined) return { ...common, description: unescaped(rest).trim() };
  const description = unescaped(rest.slice(0, at)).trim();
  const after = rest.slice(at + 1);
  const directive = DIRECTIVE.exec(after);
  // Case matters only where it is no directive of TAP: "# error handling works" is a description.
  if (directive === null || (directive[2] !== undefined && !KTAP_DIRECTIVE.test(after)))
    return { ...common, description, data: unescaped(after).trim() };
  const reason = unescaped(directive[3] ?? '').trim();
  const name = (directive[1] ?? directive[2] ?? '').toLowerCase() as Directive;
  return { ...common, description, directive: name, ...(reason === '' ? {} : { reason }) };
}

/** Where the first `#` is that can begin a directive: not escaped, and at the beginning, behind a blank, or behind `\\`. */
function delimiter(text: string): number | undefined {
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\' && (text[at + 1] === '\\' || text[at + 1] === '#')) {
      if (text[at + 1] === '\\' && text[at + 2] === '#') return at + 2;
      at += 1;
    } else if (text[at] === '#' && (at === 0 || /\s/.test(text[at - 1] ?? ''))) return at;
  }
  return undefined;
}

/** `\\` and `\#` are a backslash and a hash; every other backslash is one. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([\\#])/g, '$1');
}
