/** `tutti set`, `get`, `incr`, `keys` */
import { inSeconds } from '../duration.ts';
import { get, incr, keys, set } from '../keys.ts';
import { jsonOrText, printed, wholeNumber } from './parse.ts';
import { type ShellVerb, usageError } from './verb.ts';

export const setVerb: ShellVerb = {
  usage: 'set KEY VALUE [--string]',
  about:
    'Sets a key, and wakes who waits for it. A VALUE that is JSON (a number, true, null, {…}, […], "…") is\nset as such, anything else as a string.',
  options: { string: { type: 'boolean', about: 'always a string: `tutti set version 1.10 --string`' } },
  words: [2, 2],
  async run({ words, flag }) {
    const [key, value] = words as readonly [string, string];
    await set(key, flag('string') ? value : jsonOrText(value));
    return {};
  },
};

export const getVerb: ShellVerb = {
  usage: 'get KEY [--wait [--timeout D]]',
  about: 'Prints the value of a key: a string as it is, anything else as JSON. Exits 1 if it is not set.',
  options: {
    wait: { type: 'boolean', about: 'wait until it is set' },
    timeout: {
      type: 'string',
      value: 'D',
      about: "at most so long: 30s, 2m (default: the test's remaining time less 2 s)",
    },
  },
  words: [1, 1],
  async run({ words, flag, text }) {
    const [key] = words as readonly [string];
    const [wait, limit] = [flag('wait'), text('timeout')];
    if (limit !== undefined && !wait) throw usageError('get: --timeout needs --wait');
    const value = await get(key, { wait, timeout: limit === undefined ? undefined : inSeconds(limit) });
    if (value === undefined) return { status: 1, stderr: `tutti: key "${key}" is not set` };
    return { stdout: printed(value) };
  },
};

export const incrVerb: ShellVerb = {
  usage: 'incr KEY [BY]',
  about:
    'Adds BY (1, if not given) to a whole number in one step, and prints the new value. A key that is not set\ncounts as 0.',
  options: {},
  words: [1, 2],
  async run({ words }) {
    const [key, by] = words as readonly [string, string?];
    return { stdout: String(await incr(key, by === undefined ? undefined : wholeNumber(by, 'BY'))) };
  },
};

export const keysVerb: ShellVerb = {
  usage: 'keys [PREFIX]',
  about: 'Prints the names of the keys that are set (those that begin with PREFIX), one a line, sorted.',
  options: {},
  words: [0, 1],
  async run({ words }) {
    const names = await keys(words[0]);
    return names.length > 0 ? { stdout: names.join('\n') } : {};
  },
};
