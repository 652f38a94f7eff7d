/**
 * Reads the words behind a verb. Unlike node:util's parseArgs alone, a negative number is a value and never an option:
 * `tutti incr credits -1` and `--measure -3.5` mean what they look like.
 *
 * All mistakes are USAGE errors that name the word.
 */
import { parseArgs } from 'node:util';
import type { Json } from '../json.ts';
import type { Scope } from '../scope.ts';
import { closest } from './closest.ts';
import { type Given, parserOptions, type ShellVerb, usageError } from './verb.ts';

const NEGATIVE_NUMBER = /^-\.?\d/;
/** No argument of a command line can contain it. */
const SHIELD = '\0';

export function parse(name: string, verb: ShellVerb, args: string[]): Given & { help: boolean } {
  const { values, positionals } = strictly(name, verb, args.map(shield));
  const [least, most] = verb.words;
  const words = positionals.map(unshield);
  const help = values['help'] === true;
  if (!help && words.length < least) throw usageError(`${name}: something is missing: tutti ${verb.usage}`);
  if (!help && words.length > most) {
    throw usageError(
      `${name}: "${words[most]}" is one word too many (quote what belongs together): tutti ${verb.usage}`,
    );
  }
  return {
    help,
    words,
    flag: (option) => values[option] === true,
    text: (option) => (typeof values[option] === 'string' ? unshield(values[option]) : undefined),
  };
}

function strictly(name: string, verb: ShellVerb, args: string[]): ReturnType<typeof parseArgs> {
  const options = parserOptions(verb);
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const { message } = error as Error;
    const [, unknown] = /^Unknown option '(.+?)'/.exec(message) ?? [];
    if (unknown === undefined) throw usageError(`${name}: ${message.split('\n')[0]}`);
    const meant = closest(unknown.replace(/^-+/, ''), Object.keys(options));
    const hint =
      meant === undefined ? 'put -- before a word that begins with a dash' : `did you mean --${meant}?`;
    throw usageError(`${name}: unknown option ${unknown}: ${hint}`);
  }
}

function shield(arg: string): string {
  return NEGATIVE_NUMBER.test(arg) ? SHIELD + arg : arg;
}

function unshield(arg: string): string {
  return arg.startsWith(SHIELD) ? arg.slice(SHIELD.length) : arg;
}

export function wholeNumber(text: string, what: string): number {
  const number = Number(text);
  if (/^[-+]?\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw usageError(`${what}: "${text}" is not a whole number`);
}

export function anyNumber(text: string, what: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw usageError(`${what}: "${text}" is not a number`);
}

/** @throws TuttiError USAGE for a scope that there is not */
export function scopeOf({ text }: Given): Scope | undefined {
  const scope = text('scope');
  if (scope === undefined || scope === 'attempt' || scope === 'run') return scope;
  throw usageError(`--scope: ${JSON.stringify(scope)} is no scope: it is run or attempt`);
}

/** `a,b` as its parts. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A value as it was typed: JSON if it is JSON. */
export function jsonOrText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** A value as it is printed: text as it is, anything else as JSON. */
export function printed(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
