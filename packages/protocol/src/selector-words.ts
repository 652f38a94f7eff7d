/** What is wrong with an expression, in words for people, with what to write instead; and what is not taken though it is CEL. */
import { type ASTNode, ParseError, TypeError } from '@marcbachmann/cel-js';
import { nearest } from './nearest.ts';

export interface Refusal {
  at: number;
  message: string;
  hint?: string;
}

/**
 * What CEL has and Tutti does not take, because a short text of it could keep a master busy for ever, and what is
 * named that does not exist. `keys`: the known keys of a variable that is a map.
 */
export function refusal(
  ast: ASTNode,
  type: string | undefined,
  keys: Readonly<Record<string, readonly string[] | undefined>>,
): Refusal | undefined {
  const found = inside(ast, 0, (node, depth) => costly(node, depth) ?? unknownKey(node, keys));
  if (found !== undefined || type === 'bool' || type === 'dyn') return found;
  return {
    at: 0,
    message: `the whole is ${worded(type ?? 'nothing')}, not true or false`,
    hint: 'compare it with something, as in cpus >= 4',
  };
}

const LIST_MACROS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

function costly(node: ASTNode, depth: number): Refusal | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, receiver] = node.args;
  const at = node.pos;
  if (name === 'matches') {
    return {
      at,
      message: 'regular expressions are not taken',
      hint: 'use startsWith(), endsWith() or contains(), or a list: name in ["n1", "n2"]',
    };
  }
  if (name === 'bind' && receiver.op === 'id' && receiver.args === 'cel') {
    return { at, message: 'cel.bind() is not taken', hint: 'write the expression out' };
  }
  if (LIST_MACROS.has(name) && depth > 0) {
    return { at, message: `${name}() is not taken within another`, hint: 'join two with && or ||' };
  }
  return undefined;
}

function unknownKey(
  { op, args, pos }: ASTNode,
  keys: Readonly<Record<string, readonly string[] | undefined>>,
): Refusal | undefined {
  if (op !== '.') return undefined;
  const [map, key] = args;
  const known = map.op === 'id' ? keys[map.args] : undefined;
  if (known === undefined || known.includes(key)) return undefined;
  return {
    at: pos,
    message: `the test has no ${map.args === 'node' ? 'role' : 'parameter'} "${key}"`,
    ...suggestion(key, known),
  };
}

/** The first refusal, from left to right. `depth`: how many list macros are around it. */
function inside(
  node: ASTNode,
  depth: number,
  judge: (node: ASTNode, depth: number) => Refusal | undefined,
): Refusal | undefined {
  const problem = judge(node, depth);
  if (problem !== undefined) return problem;
  const within = node.op === 'rcall' && LIST_MACROS.has(node.args[0]) ? depth + 1 : depth;
  for (const part of partsOf(node)) {
    const found = inside(part, within, judge);
    if (found !== undefined) return found;
  }
  return undefined;
}

function partsOf(node: ASTNode): ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** An error of the library. `known`: the names that there are; `fields`: those of a machine. */
export function wordsOf(
  error: unknown,
  text: string,
  known: readonly string[],
  fields: readonly string[],
): Refusal {
  if (!(error instanceof ParseError || error instanceof TypeError)) throw error;
  const { code, summary } = error;
  const at = error.range?.start ?? 0;
  const word = /^\w+/.exec(text.slice(at))?.[0] ?? '';
  switch (code) {
    case 'unknown_variable':
      return { at, message: `nothing has the name "${word}"`, ...nameHint(text, at, word, known) };
    case 'no_such_key':
      return { at, message: `a machine has no "${word}"`, ...nameHint(text, at, word, fields) };
    case 'no_such_overload':
      return { at, ...overload(summary) };
    case 'no_matching_overload':
      return { at, message: summary.replace(/^found no matching overload for '(.*)'$/, 'there is no $1') };
    case 'unexpected_character':
      return { at: startOfWord(text, at), ...character(text, startOfWord(text, at)) };
    case 'invalid_macro_argument':
      return {
        at,
        message: summary.replace(' invalid', ': invalid'),
        hint: 'has() asks for a label: has(labels.gpu)',
      };
    case 'unexpected_token':
    case 'expected_token':
      if (text.trim() === '') return { at: 0, message: 'there is nothing in it', hint: 'as in cpus >= 4' };
      if (at >= text.length) return { at, message: 'it ends too early', ...missing(summary) };
      return { at, message: `"${text[at]}" is not expected here`, ...missing(summary) };
    default:
      return { at, message: summary.charAt(0).toLowerCase() + summary.slice(1) };
  }
}

function nameHint(text: string, at: number, word: string, known: readonly string[]): { hint: string } {
  const before = text.slice(0, at);
  const dashed = /labels\.(\w+(?:-\w+)*-)$/.exec(before)?.[1];
  if (dashed !== undefined) {
    const label = dashed + (/^\w+(?:-\w+)*/.exec(text.slice(at))?.[0] ?? '');
    return { hint: `in a label with a dash it is a minus: write labels["${label}"]` };
  }
  const asked = suggestion(word, known);
  if (nearest(word, known) !== undefined || !known.includes('labels')) return asked;
  const labels = `${/[\w.]+\.$/.exec(before)?.[0] ?? ''}labels`;
  return {
    hint: `${asked.hint}; a label is asked for by "${word}" in ${labels}, or ${labels}.${word} == "…"`,
  };
}

function suggestion(word: string, known: readonly string[]): { hint: string } {
  const near = nearest(word, known);
  const all = known.length === 0 ? 'there are none' : `known: ${known.join(', ')}`;
  return { hint: near === undefined ? all : `did you mean "${near}"? ${all}` };
}

/** From `no such overload: string >= int`. */
function overload(summary: string): Omit<Refusal, 'at'> {
  const [, left, op, right] = /: (\S+(?: \S+>)?) (\S+) (.*)$/.exec(summary) ?? [];
  if (left === undefined || op === undefined || right === undefined) return { message: summary };
  const message = `${worded(left)} and ${worded(right)} cannot stand around ${op}`;
  if (
    ![left, right].includes('string') ||
    ![left, right].some((type) => type === 'int' || type === 'double')
  ) {
    return { message };
  }
  return { message, hint: 'labels are texts: int(labels.slots) >= 4; numbers have no quotes: cpus >= 4' };
}

function character(text: string, at: number): Omit<Refusal, 'at'> {
  const rest = text.slice(at);
  const [amount, count, unit] = /^(\d+)([KMGT]iB)/.exec(rest) ?? [];
  if (amount !== undefined) {
    return { message: `"${amount}" is not a number`, hint: `multiply by the unit: ${count} * ${unit}` };
  }
  if (/^(and|or)\b/i.test(rest)) {
    const and = /^a/i.test(rest);
    return {
      message: `"${and ? rest.slice(0, 3) : rest.slice(0, 2)}" is not expected here`,
      hint: `use ${and ? '&&' : '||'}`,
    };
  }
  const hints: Record<string, string> = {
    '=': 'compare with ==',
    '&': 'use &&',
    '|': 'use ||',
    '~': 'there are no regular expressions; use startsWith(), endsWith() or contains()',
  };
  const hint = hints[rest.charAt(0)];
  return { message: `"${rest.charAt(0)}" is not expected here`, ...(hint === undefined ? {} : { hint }) };
}

/** The library points behind a word's first letters. */
function startOfWord(text: string, at: number): number {
  const before = /\w+$/.exec(text.slice(0, at))?.[0].length ?? 0;
  return /^\w/.test(text.slice(at)) ? at - before : at;
}

const TOKENS: Record<string, string> = {
  RPAREN: ')',
  RBRACKET: ']',
  RBRACE: '}',
  COLON: ':',
  IDENTIFIER: 'a name',
};

function missing(summary: string): { hint?: string } {
  const wanted = /^Expected (\w+)/.exec(summary)?.[1];
  const token = wanted === undefined ? undefined : TOKENS[wanted];
  return token === undefined ? {} : { hint: `${token} is missing` };
}

const TYPES: Record<string, string> = {
  bool: 'true or false',
  double: 'a number',
  dyn: 'a value',
  int: 'a number',
  string: 'a text',
  uint: 'a number',
};

/** `list<string>` → `a list` */
function worded(type: string): string {
  const outer = /^\w+/.exec(type)?.[0];
  if (outer === 'list' || outer === 'map') return outer === 'list' ? 'a list' : 'a map';
  return TYPES[type] ?? type;
}
