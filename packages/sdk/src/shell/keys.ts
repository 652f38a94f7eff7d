/** `tutti set`, `get`, `incr`, `keys` */
import { inSeconds } from '../duration.ts';
import { get, incr, keys, set } from '../keys.ts';
import { jsonOrText, printed, scopeOf, wholeNumber } from './parse.ts';
import { SCOPE, type ShellVerb, usageError } from './verb.ts';

export const setVerb: ShellVerb = {
  usage: 'set KEY VALUE [--string] [--scope run]',
  about:
    'Sets a key, and wakes who waits for it. A VALUE that is JSON (a number, true, null, {…}, […], "…") is\nset as such, anything else as a string.',
  options: {
    string: { type: 'boolean', about: 'always a string: `tutti set version 1.10 --string`' },
    ...SCOPE,
  },
  words: [2, 2],
  async run(given) {
    const [key, value] = given.words as readonly [string, string];
    await set(key, given.flag('string') ? value : jsonOrText(value), { scope: scopeOf(given) });
    return {};
  },
};

export const getVerb: ShellVerb = {
  usage: 'get KEY [--wait [--timeout D]] [--scope run]',
  about: 'Prints the value of a key: a string as it is, anything else as JSON. Exits 1 if it is not set.',
  options: {
    wait: { type: 'boolean', about: 'wait until it is set' },
    timeout: {
      type: 'string',
      value: 'D',
      about: "at most so long: 30s, 2m (default: the test's remaining time less 2 s)",
    },
    ...SCOPE,
  },
  words: [1, 1],
  async run(given) {
    const { words, flag, text } = given;
    const [key] = words as readonly [string];
    const [wait, limit] = [flag('wait'), text('timeout')];
    if (limit !== undefined && !wait) throw usageError('get: --timeout needs --wait');
    const timeout = limit === undefined ? undefined : inSeconds(limit);
    const value = await get(key, { wait, timeout, scope: scopeOf(given) });
    if (value === undefined) return { status: 1, stderr: `tutti: key "${key}" is not set` };
    return { stdout: printed(value) };
  },
};

export const incrVerb: ShellVerb = {
  usage: 'incr KEY [BY] [--scope run]',
  about:
    'Adds BY (1, if not given) to a whole number in one step, and prints the new value. A key that is not set\ncounts as 0.',
  options: SCOPE,
  words: [1, 2],
  async run(given) {
    const [key, by] = given.words as readonly [string, string?];
    const step = by === undefined ? undefined : wholeNumber(by, 'BY');
    return { stdout: String(await incr(key, step, { scope: scopeOf(given) })) };
  },
};

export const keysVerb: ShellVerb = {
  usage: 'keys [PREFIX] [--scope run]',
  about: 'Prints the names of the keys that are set (those that begin with PREFIX), one a line, sorted.',
  options: SCOPE,
  words: [0, 1],
  async run(given) {
    const names = await keys(given.words[0], { scope: scopeOf(given) });
    return names.length > 0 ? { stdout: names.join('\n') } : {};
  },
};
