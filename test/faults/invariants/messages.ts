/**
 * Topics have one order. Every message is taken exactly once; every member hears each exactly once, in that order, and all
 * hear the same.
 */
import type { TestEvidence } from '../evidence.ts';
import { type Invariant, isWhole, saidBy, twice } from './finding.ts';

interface Message {
  offset: number;
  data: string;
}

export const messages: Invariant = {
  name: 'messages',
  check(test) {
    const sent = test.members.flatMap((member) => saidBy(member, 'sent').map(({ text }) => Number(text)));
    const taken = test.members.flatMap((member) => said(member, 'took'));
    const heard = test.members.map((member) => ({ name: member.name, list: said(member, 'heard') }));
    const violations = [
      ...checkOffsets(sent, 'sent', test),
      ...checkOffsets(
        taken.map(({ offset }) => offset),
        'taken',
        test,
        sent.length,
      ),
      ...checkContents([...taken, ...heard.flatMap(({ list }) => list)]),
      ...heard.flatMap(({ name, list }) => {
        const wrong = list.findIndex(({ offset }, i) => offset !== i);
        const whole = !isWhole(test) || list.length === sent.length;
        return wrong === -1 && whole
          ? []
          : [
              `${name} heard ${list.length} of ${sent.length} messages: ${list.map(({ offset }) => offset).join(' ')}`,
            ];
      }),
      ...checkLater(test),
    ];
    return {
      checked: sent.length + taken.length + heard.reduce((sum, { list }) => sum + list.length, 0),
      violations,
    };
  },
};

function said(member: TestEvidence['members'][number], word: string): Message[] {
  return saidBy(member, word).map(({ text }) => JSON.parse(text) as Message);
}

/** 0, 1, 2 …, each once; in a test that did not come to its end some may be missing. */
function checkOffsets(
  offsets: readonly number[],
  what: string,
  test: TestEvidence,
  count = offsets.length,
): string[] {
  const again = twice(offsets).map((offset) => `message ${offset} was ${what} twice`);
  if (!isWhole(test)) return again;
  const missing = Array.from({ length: count }, (_, i) => i).filter((offset) => !offsets.includes(offset));
  return [...again, ...missing.map((offset) => `message ${offset} was never ${what}`)];
}

/** One offset, one message. */
function checkContents(all: readonly Message[]): string[] {
  const seen = new Map<number, string>();
  return all.flatMap(({ offset, data }) => {
    const before = seen.get(offset);
    seen.set(offset, data);
    return before === undefined || before === data ? [] : [`message ${offset} is "${before}" and "${data}"`];
  });
}

/** In each round a topic with one message of everybody, which callers that were killed had waited for. */
function checkLater(test: TestEvidence): string[] {
  const rounds = new Map<number, number[]>();
  for (const member of test.members)
    for (const [round, { offset }] of said(member, 'later').entries())
      rounds.set(round, [...(rounds.get(round) ?? []), offset]);
  return [...rounds].flatMap(([round, offsets]) =>
    checkOffsets(offsets, 'taken', test).map((what) => `in the topic "later ${round}" ${what}`),
  );
}
