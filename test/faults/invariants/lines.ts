/**
 * Every numbered line is in the master's copy exactly once and in order, on both streams, except for what a crash took: there the
 * copy is never shorter than what the machine had kept.
 */
import type { MemberEvidence } from '../evidence.ts';
import { type Finding, type Invariant } from './finding.ts';

export const lines: Invariant = {
  name: 'lines',
  check(test) {
    const findings = test.members.flatMap((member) =>
      (['stdout', 'stderr'] as const).flatMap((stream) =>
        member.logs[stream].map((text, incarnation) => checkLog(member, stream, incarnation, text)),
      ),
    );
    return {
      checked: findings.reduce((sum, { checked }) => sum + checked, 0),
      violations: findings.flatMap(({ violations }) => violations),
    };
  },
};

function checkLog(
  member: MemberEvidence,
  stream: 'stdout' | 'stderr',
  incarnation: number,
  text: string,
): Finding {
  const where = `${stream}.${incarnation} of ${member.name}`;
  const printed = member.notes.find(
    (note) => note.what !== 'begin' && note.incarnation === incarnation,
  )?.lines;
  const own = text
    .split('\n')
    .slice(0, -1)
    .filter((line) => !line.startsWith('tutti: ') && line !== 'Terminated');
  const wrong = own.findIndex((line, i) => !line.startsWith(`${member.name} ${incarnation} ${i + 1} `));
  const violations: string[] = [];
  if (wrong !== -1)
    violations.push(`${where}: line ${wrong + 1} is ${JSON.stringify(own[wrong]?.slice(0, 60))}`);
  if (printed !== undefined && own.length !== printed)
    violations.push(`${where}: ${printed} lines were printed, ${own.length} are there`);
  const kept = member.kept.filter((log) => log.stream === stream && log.incarnation === incarnation);
  // Who was given up is not asked for more.
  if (!/was lost/.test(member.cause) && kept.some((log) => !text.startsWith(log.text)))
    violations.push(`${where}: what its machine kept in a crash is not all there`);
  return { checked: own.length, violations };
}
