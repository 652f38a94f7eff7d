/**
 * The verdict is right: the one that the test has by itself, or ERROR with the reason where a machine came to harm under one of its
 * members. Both are right only where nobody can know which came first.
 */

import type { MemberEvidence, TestEvidence } from '../evidence.ts';
import type { Harm } from '../harm.ts';
import type { Invariant } from './finding.ts';

/** What every test has when nothing is done to it, with its cause. */
const RIGHT: Record<string, { status: string; cause: RegExp }> = {
  exchange: { status: 'PASS', cause: /^$/ },
  storm: { status: 'PASS', cause: /^$/ },
  killed: { status: 'FAIL', cause: /^a\.0 on n\d+ was killed \(kill -9 or out of memory\)/ },
};

const REASONS: Record<Harm['kind'], RegExp> = {
  // Also before it began: then its agent has removed what was prepared.
  crash:
    /ended because its machine rebooted without being asked to|its agent came back without a trace of it|is not prepared on this agent/,
  vanish: /its node was away for more than 30 s/,
};

export const verdicts: Invariant = {
  name: 'verdicts',
  check(test) {
    const right = RIGHT[test.name];
    if (right === undefined) return { checked: 1, violations: [`nobody knows a test "${test.name}"`] };
    const said = `${test.status}${test.cause === '' ? '' : `: ${test.cause}`}`;
    const hit = test.harms.filter((harm) => test.members.some((member) => mustDie(member, harm)));
    const excused =
      test.status === 'ERROR' &&
      test.harms.some((harm) => blames(test.cause, harm) && mayHaveHit(test, harm));
    const asEver = test.status === right.status && right.cause.test(test.cause);
    if (excused || (asEver && hit.length === 0)) return { checked: 1, violations: unfinished(test) };
    const harms = hit.map(({ kind, on }) => `${kind} of ${on}`).join(', ');
    const wanted = hit.length === 0 ? right.status : `ERROR because of ${harms}`;
    return { checked: 1, violations: [`the verdict is ${said}, and should be ${wanted}`] };
  },
};

function blames(cause: string, { kind, on }: Harm): boolean {
  return cause.includes(` on ${on} `) && REASONS[kind].test(cause);
}

/** It ran when its machine came to harm, and neither ended nor asked for a reboot by itself. */
function mustDie(member: MemberEvidence, { kind, on, from }: Harm): boolean {
  if (member.node !== on) return false;
  const last = member.notes.findLast(({ at }) => at < from);
  if (last?.what !== 'begin') return false;
  const then = member.notes.find(({ at }) => at >= from);
  // Who is only cut off may end, and cannot tell; who is dead notes nothing more.
  return kind === 'vanish' ? then?.what !== 'reboot' : then === undefined;
}

/** Its scripts had not all ended long before; it may have been staged, and not begun. */
function mayHaveHit(test: TestEvidence, { on, until }: Harm): boolean {
  if (test.members.some(({ node, notes }) => node === on && notes.length === 0)) return true;
  const begins = test.members.flatMap(({ notes }) => notes.map(({ at }) => at));
  return begins.length === 0 || Math.min(...begins) <= until;
}

/** A test that passed although a script did not come to its end. */
function unfinished(test: TestEvidence): string[] {
  if (test.status !== 'PASS') return [];
  return test.members
    .filter(({ notes }) => notes.at(-1)?.what !== 'finish')
    .map(({ name }) => `it passed, and ${name} never came to its end`);
}
