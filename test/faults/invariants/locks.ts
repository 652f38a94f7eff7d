/** Nobody enters while another is inside. */
import { type Invariant, isWhole } from './finding.ts';

export const locks: Invariant = {
  name: 'locks',
  check(test) {
    const violations: string[] = [];
    let inside: string | undefined;
    for (const line of test.door) {
      const [what, who] = line.split(' ');
      if (what === 'enter') {
        // Who was killed inside never leaves; in a test that came to its end nobody was.
        if (inside !== undefined && isWhole(test))
          violations.push(`${who} entered while ${inside} was inside`);
        inside = who;
      } else if (inside === who) inside = undefined;
      else violations.push(`${who} left while ${inside ?? 'nobody'} was inside`);
    }
    for (const { name } of isWhole(test) ? test.members : []) {
      const times = test.door.filter((line) => line === `enter ${name}`).length;
      if (times !== test.rounds) violations.push(`${name} entered ${times} times in ${test.rounds} rounds`);
    }
    return { checked: test.door.length, violations };
  },
};
