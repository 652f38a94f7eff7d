/** `tutti result`, `mark`, `addr` */
import { mark, result, type SubtestStatus } from '../report.ts';
import { addr } from '../topology.ts';
import { closest } from './closest.ts';
import { anyNumber } from './parse.ts';
import { type ShellVerb, usageError } from './verb.ts';

const STATUSES: readonly SubtestStatus[] = ['pass', 'warn', 'fail', 'skip', 'error'];

export const resultVerb: ShellVerb = {
  usage: `result NAME ${STATUSES.join('|')} [--measure N [--unit U]] [--message M]`,
  about: 'Reports a subtest; any number of them may be reported.',
  options: {
    measure: { type: 'string', value: 'N', about: 'a number worth keeping' },
    unit: { type: 'string', value: 'U', about: 'what it counts: Mbit/s' },
    message: { type: 'string', value: 'M', about: 'one sentence for who reads the report' },
  },
  words: [2, 2],
  async run({ words, text }) {
    const [name, status] = words as readonly [string, string];
    const measure = text('measure');
    await result(name, statusOf(status), {
      measure: measure === undefined ? undefined : anyNumber(measure, '--measure'),
      unit: text('unit'),
      message: text('message'),
    });
    return {};
  },
};

export const markVerb: ShellVerb = {
  usage: 'mark NAME',
  about:
    'Notes in the report that something has happened now. Roles with “start: after ROLE” begin when all members of that\n' +
    'role have said: tutti mark started',
  options: {},
  words: [1, 1],
  async run({ words }) {
    await mark(words[0] as string);
    return {};
  },
};

export const addrVerb: ShellVerb = {
  usage: 'addr MEMBER',
  about: 'Prints the address of a member: client.0, or client for the first of the role.',
  options: {},
  words: [1, 1],
  async run({ words }) {
    return { stdout: await addr(words[0] as string) };
  },
};

function statusOf(word: string): SubtestStatus {
  const known = STATUSES.find((status) => status === word);
  if (known !== undefined) return known;
  const meant = closest(word.toLowerCase(), STATUSES);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  throw usageError(`result: "${word}" is none of ${STATUSES.join(', ')}${hint}`);
}
