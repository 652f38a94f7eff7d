/** Every barrier is released exactly once in each generation, to everybody, with everybody's data and a rank for each. */
import type { TestEvidence } from '../evidence.ts';
import { type Invariant, isWhole, saidBy, twice } from './finding.ts';

interface Release {
  generation: number;
  rank: number;
  size: number;
  data: Record<string, string>;
}

export const barriers: Invariant = {
  name: 'barriers',
  check(test) {
    const meetings = ['meet', 'late'].map((word) => checkMeetings(test, word));
    const reported = test.barriers.map(({ name, generation }) => `${name} generation ${generation}`);
    const again = twice(reported).map((release) => `the report has ${release} twice`);
    return {
      checked: meetings.reduce((sum, { checked }) => sum + checked, 0),
      violations: [...meetings.flatMap(({ violations }) => violations), ...again],
    };
  },
};

function checkMeetings(test: TestEvidence, word: string) {
  const everybody = test.members.map(({ name }) => name).toSorted();
  const violations: string[] = [];
  const ranks = new Map<number, number[]>();
  let checked = 0;
  let most = 0;
  for (const member of test.members) {
    const releases = saidBy(member, word).map(({ text }) => JSON.parse(text) as Release);
    most = Math.max(most, releases.length);
    checked += releases.length;
    for (const [round, { generation, rank, size, data }] of releases.entries()) {
      ranks.set(round, [...(ranks.get(round) ?? []), rank]);
      const right = everybody.map((name) => `${name}: ${name} in ${round}`).join(', ');
      const found = Object.keys(data)
        .toSorted()
        .map((name) => `${name}: ${data[name]}`)
        .join(', ');
      // Each round has a "late" of its own, and "meet" is the same one always.
      const turn = word === 'meet' ? round : 0;
      if (generation !== turn || size !== everybody.length || found !== right)
        violations.push(
          `${member.name} was released from "${word}" in round ${round} with ${JSON.stringify({ generation, size, data })}`,
        );
    }
    if (isWhole(test) && releases.length !== test.rounds && (most > 0 || word === 'meet'))
      violations.push(
        `${member.name} was released from "${word}" ${releases.length} times in ${test.rounds} rounds`,
      );
  }
  for (const [round, seen] of ranks)
    if (twice(seen).length > 0) violations.push(`ranks of "${word}" in round ${round}: ${seen.join(', ')}`);
  return { checked, violations: most === 0 && test.name === 'killed' ? [] : violations };
}
