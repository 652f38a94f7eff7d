/** Options of a bench on the command line: each is a whole number, or several with commas; and `--json`. */
import { parseArgs } from 'node:util';
import type { Options } from '../bench.ts';

/** Throws an `Error` that names the option. */
export function given(defaults: Options, args: string[]): { values: Options; json: boolean } {
  const options = {
    json: { type: 'boolean' as const, default: false },
    ...Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' as const }])),
  };
  const parsed: Record<string, unknown> = parseArgs({ args, options }).values;
  const values = Object.entries(defaults).map(([name, value]) => {
    const text = parsed[name];
    if (typeof text !== 'string') return [name, value];
    const numbers = text.split(',').map((part) => whole(name, part));
    if (typeof value === 'object') return [name, numbers];
    if (numbers.length > 1) throw new Error(`--${name} takes one number, not "${text}"`);
    return [name, numbers[0]];
  });
  return { values: Object.fromEntries(values) as Options, json: parsed['json'] === true };
}

/** `[--n 100,1000] [--json]` */
export function usage(defaults: Options): string {
  const each = Object.entries(defaults).map(([name, value]) => `[--${name} ${String(value ?? 'N')}]`);
  return [...each, '[--json]'].join(' ');
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${option} takes whole numbers from 1, not "${text}"`);
}
