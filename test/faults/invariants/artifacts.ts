/** Artifacts are what their members wrote, by digest. */
import { type Invariant, isWhole, saidBy } from './finding.ts';

export const artifacts: Invariant = {
  name: 'artifacts',
  check(test) {
    const said = test.members.flatMap((member) =>
      saidBy(member, 'artifact').map(({ text }) => {
        const [name = '', digest = ''] = text.split(' ');
        return { member, name, digest };
      }),
    );
    const violations = said.flatMap(({ member, name, digest }) => {
      const found = member.artifacts.get(name);
      if (found === digest || (found === undefined && !isWhole(test))) return [];
      return [`${member.name} wrote ${name} as ${digest}, ${found ?? 'nothing'} is there`];
    });
    return { checked: said.length, violations };
  },
};
