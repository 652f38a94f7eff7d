/** What an invariant has to say of one test: how much it looked at, and what is wrong. */
import type { MemberEvidence, TestEvidence } from '../evidence.ts';

export interface Finding {
  /** How many things were looked at: an invariant that looks at nothing proves nothing. */
  checked: number;
  violations: string[];
}

export interface Invariant {
  name: string;
  check(test: TestEvidence): Finding;
}

/** Whether all that its scripts do was done. */
export function isWhole({ status }: TestEvidence): boolean {
  return status === 'PASS';
}

/** What a member printed that begins with one of these words, over all incarnations, in order. */
export function saidBy(
  member: MemberEvidence,
  ...words: readonly string[]
): { word: string; text: string }[] {
  return member.logs.stdout.flatMap((log) =>
    log
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => {
        const [, word = '', text = ''] = /^\S+ \d+ \d+ (\S+) ?(.*)$/.exec(line) ?? [];
        return words.includes(word) ? [{ word, text }] : [];
      }),
  );
}

export function twice<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, i) => values.indexOf(value) !== i))];
}
