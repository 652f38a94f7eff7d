/**
 * A YAML file that people write for the master, checked by a schema: its value, or an error that says file, line and
 * column of every mistake and quotes the line.
 */
import { type ErrorCode, nearest, TuttiError } from '@tutti/protocol';
import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';

interface Mistake {
  readonly offset: number;
  readonly message: string;
}

/** The same document five lines long could otherwise become gigabytes. */
const MAX_ALIASES = 100;

/** Throws an error of that code. */
export function readStrictYaml<T>(file: string, text: string, schema: z.ZodType<T>, code: ErrorCode): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const fail = (mistakes: readonly Mistake[]): never => {
    const inOrder = mistakes.toSorted((a, b) => a.offset - b.offset);
    throw new TuttiError(code, inOrder.map((mistake) => inWords(file, text, lines, mistake)).join('\n\n'));
  };
  const [notYaml] = [...document.errors, ...document.warnings];
  if (notYaml !== undefined) {
    return fail([{ offset: notYaml.pos[0], message: `not valid YAML: ${notYaml.message}` }]);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
  } catch {
    return fail([{ offset: 0, message: 'too many aliases (*name)' }]);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return fail(parsed.error.issues.flatMap((issue) => mistakesOf(issue, [], document.contents)));
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

function mistakesOf(issue: Issue, base: Path, root: Node | null): Mistake[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union') {
    // The form that it was meant to have is the one that it is wrong in somewhere inside.
    const meant = issue.errors.find((branch) =>
      branch.some((inner) => inner.path.length > 0 || isInside(inner)),
    );
    if (meant !== undefined) return meant.flatMap((inner) => mistakesOf(inner, path, root));
  }
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
      return { offset: offsetOf([...path, key], root, true), message: `unknown key "${key}"${hint}` };
    });
  }
  return [{ offset: offsetOf(path, root), message: sentence(issue, path) }];
}

function isInside(issue: Issue): boolean {
  return issue.code === 'unrecognized_keys';
}

/** Zod's issue does not say which keys there are; the schema's message does (`known: a, b`). */
function knownKeys({ message }: Issue): string[] {
  return /known: (.*)$/.exec(message)?.[1]?.split(', ') ?? [];
}

function sentence({ code, message }: Issue, path: Path): string {
  const subject = path.filter((step) => typeof step === 'string').at(-1);
  const what = subject === undefined ? 'the file' : `"${subject}"`;
  return code === 'invalid_type' ? `${what}: ${message.toLowerCase()}` : `${what} ${message}`;
}

/** Of the value at `path`, or of its key, or as near to it as the file goes. */
function offsetOf(path: Path, root: Node | null, key = false): number {
  let at = root?.range?.[0] ?? 0;
  let node: unknown = root;
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (pair === undefined) break;
      if (isNode(pair.key) && pair.key.range) at = pair.key.range[0];
      node = pair.value;
    } else if (isNode(node) && 'get' in node && typeof node.get === 'function') {
      node = (node.get as (key: PropertyKey, keepScalar: boolean) => unknown)(step, true);
    } else break;
    const last = index === path.length - 1;
    if (!(last && key) && isNode(node) && node.range) at = node.range[0];
  }
  return at;
}

function inWords(file: string, text: string, lines: LineCounter, { offset, message }: Mistake): string {
  // What is missing at the end is shown at the last line that has anything.
  const at = Math.min(offset, text.trimEnd().length);
  const { line, col } = lines.linePos(at);
  const [quoted = ''] = text.slice(at - (Math.max(1, col) - 1)).split(/\r?\n/, 1);
  const caret = `${' '.repeat(Math.max(0, col - 1))}^`;
  return `${file}:${Math.max(1, line)}:${Math.max(1, col)}: ${message}\n  ${quoted}\n  ${caret}`;
}
