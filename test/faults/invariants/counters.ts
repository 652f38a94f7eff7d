/** `incr` counts every call once: all values are there, none twice. */
import { type Invariant, isWhole, saidBy, twice } from './finding.ts';

export const counters: Invariant = {
  name: 'counters',
  check(test) {
    const values = test.members.flatMap((member) => saidBy(member, 'incr').map(({ text }) => Number(text)));
    const again = twice(values).map((value) => `the count ${value} was given twice`);
    const missing = isWhole(test)
      ? values.map((_, i) => i + 1).filter((value) => !values.includes(value))
      : [];
    return {
      checked: values.length,
      violations: [...again, ...missing.map((value) => `the count ${value} was never given`)],
    };
  },
};
