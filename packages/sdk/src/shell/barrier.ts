/** `tutti barrier` */
import { abort, type BarrierOptions, barrier } from '../barrier.ts';
import { inSeconds } from '../duration.ts';
import type { Json } from '../json.ts';
import { list, scopeOf, wholeNumber } from './parse.ts';
import { type Given, type Outcome, SCOPE, type ShellVerb, usageError } from './verb.ts';

export const barrierVerb: ShellVerb = {
  usage: 'barrier NAME [--count N | --roles A,B | --members A.0,B] [--timeout D] [--data JSON] [--scope run]',
  about:
    'Waits until all members of the test have arrived at the barrier NAME, or those that the options name.\n' +
    'With --scope run members of all tests of the run can take part: --count says how many.\n' +
    'Prints nothing, unless told to by --rank or --json.',
  options: {
    count: { type: 'string', value: 'N', about: 'any N distinct members' },
    roles: { type: 'string', value: 'A,B', about: 'all members of these roles' },
    members: { type: 'string', value: 'A.0,B', about: 'just these members' },
    timeout: {
      type: 'string',
      value: 'D',
      about: "at most so long: 30s, 2m (default: the test's remaining time less 2 s)",
    },
    data: { type: 'string', value: 'JSON', about: 'hand this to all participants' },
    'data-raw': { type: 'string', value: 'TEXT', about: 'the same, as text' },
    rank: { type: 'boolean', about: 'print the order of arrival: 0 for exactly one participant' },
    json: { type: 'boolean', about: 'print {"generation", "rank", "size", "data"}' },
    abort: { type: 'string', value: 'REASON', about: 'do not wait: fail all who wait, now and later' },
    ...SCOPE,
  },
  words: [1, 1],
  async run(given) {
    const name = given.words[0] as string;
    const reason = given.text('abort');
    return reason === undefined ? arrive(name, given) : breakUp(name, reason, given);
  },
};

async function arrive(name: string, given: Given): Promise<Outcome> {
  if (given.flag('rank') && given.flag('json'))
    throw usageError('barrier: --rank or --json, not both (the JSON has the rank)');
  const options: BarrierOptions = {
    scope: scopeOf(given),
    count: optional(given.text('count'), (text) => wholeNumber(text, '--count')),
    roles: optional(given.text('roles'), list),
    members: optional(given.text('members'), list),
    timeout: optional(given.text('timeout'), inSeconds),
    data: dataOf(given),
  };
  if ([options.count, options.roles, options.members].filter((who) => who !== undefined).length > 1) {
    throw usageError('barrier: only one of --count, --roles, --members can say who takes part');
  }
  if (options.scope === 'run' && options.count === undefined)
    throw usageError('barrier: with --scope run --count says how many take part');
  const released = await barrier(name, options);
  if (given.flag('rank')) return { stdout: String(released.rank) };
  return given.flag('json') ? { stdout: JSON.stringify(released) } : {};
}

async function breakUp(name: string, reason: string, given: Given): Promise<Outcome> {
  const others = Object.keys(barrierVerb.options).filter(
    (option) => option !== 'abort' && option !== 'scope',
  );
  const odd = others.find((option) => given.flag(option) || given.text(option) !== undefined);
  if (odd !== undefined)
    throw usageError(`barrier: --abort does not wait, so --${odd} means nothing beside it`);
  await abort(name, reason, { scope: scopeOf(given) });
  return {};
}

function dataOf(given: Given): Json | undefined {
  const [json, raw] = [given.text('data'), given.text('data-raw')];
  if (json === undefined) return raw;
  if (raw !== undefined) throw usageError('barrier: --data or --data-raw, not both');
  try {
    return JSON.parse(json) as Json;
  } catch {
    throw usageError(
      `barrier: --data: ${JSON.stringify(json)} is not JSON (for plain text there is --data-raw)`,
    );
  }
}

function optional<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}
