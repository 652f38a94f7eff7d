/**
 * From what happened to what it means. Pure; the rules are DESIGN's "Tests and suites".
 *
 * A member passes on exit 0, skips on 77, says the lab is broken on 99, fails on anything else; what its
 * subtests say can only make that worse. A test's status is the worst among its essential members, not
 * counting those stopped because the test was over, nor those that failed only because of another that was, or
 * whose own bad verdict counts. (If that other one ended well, or does not count, or they blame one another,
 * somebody has to answer for the break: then the victims count.)
 */
import { type Exit, isOk, LIMITS, type MemberEnd, type Status, type Subtest, worst } from '@tutti/protocol';
import type { SaidSubtest } from '../logs/member-events.ts';
import type { TapOutcome } from '../tap/tap-parser.ts';
import type { AttemptRun, MemberRun, Verdict } from './model.ts';

/** Ends that are nothing the script did. */
const LAB_EXITS: ReadonlySet<Exit['how']> = new Set(['not-started', 'rebooted', 'not-rebooted']);
const SKIP_CODE = 77;
const BROKEN_LAB_CODE = 99;

/** `exited with status 1 (last line: "bind: address in use")`: completes "client.1 on n3 …". */
export function describeEnd({ exit, stopped, lastLine }: MemberEnd): string {
  if (stopped !== undefined) return STOPPED[stopped].cause;
  const said = lastLine === '' ? '' : ` (last line: ${JSON.stringify(lastLine)})`;
  // What a script said last explains nothing that it did not do.
  const silent = LAB_EXITS.has(exit.how) || (exit.how === 'exited' && exit.code === 0);
  return describeExit(exit) + (silent ? '' : said);
}

function describeExit(exit: Exit): string {
  switch (exit.how) {
    case 'exited':
      return exit.code === 0 ? 'ended with status 0' : `exited with status ${exit.code}`;
    case 'signalled':
      return `was ended by ${exit.signal}`;
    case 'killed':
      return 'was killed (kill -9 or out of memory)';
    case 'not-started':
      return `could not be started: ${exit.message}`;
    case 'rebooted':
      return 'ended because its machine rebooted without being asked to';
    case 'not-rebooted':
      return `announced a reboot that did not happen: ${exit.message}`;
  }
}

const STOPPED: Record<NonNullable<MemberEnd['stopped']>, { status: Status; cause: string }> = {
  'test-over': { status: 'CANCEL', cause: 'test over' },
  timeout: { status: 'INTERRUPTED', cause: 'timed out' },
  cancelled: { status: 'INTERRUPTED', cause: 'was cancelled' },
  'output-limit': {
    status: 'FAIL',
    cause: `was stopped: it wrote more output than is kept (${LIMITS.output.code})`,
  },
  'disk-full': { status: 'ERROR', cause: 'was stopped: the disk of its node is full' },
  orphaned: {
    status: 'ERROR',
    cause: 'was stopped by its agent, which had not reached the master for too long',
  },
  'given-up': { status: 'ERROR', cause: 'was given up by the master' },
};

/** Of a member that has ended or is lost: completes "client.1 on n3 …". */
export function howEnded({ lost, end, verdict }: MemberRun): string {
  return lost ?? (end ? describeEnd(end) : (verdict?.cause ?? 'ended'));
}

/** The verdict of one member by itself. `told`: the first break it was told of; `tap`: what its output means, where that is TAP. */
export function memberVerdict(
  member: MemberRun,
  told?: { culprit: string | undefined },
  tap: TapOutcome = {},
): Verdict {
  if (member.lost !== undefined) return { status: 'ERROR', cause: member.lost };
  const { end } = member;
  // One that was held back may have its verdict without having started.
  if (end === undefined)
    return (member.state === 'ended' && member.verdict) || { status: 'CANCEL', cause: NEVER_STARTED };
  // It has nothing to do but to be there.
  if (end.stopped === 'test-over' && member.driven === true) return { status: 'PASS' };
  if (end.stopped !== undefined) return { ...STOPPED[end.stopped] };
  const verdict = fromExit(end, tap);
  const said = fromSubtests(member.subtests);
  const printed = fromTap(tap, verdict.status);
  // What it reported itself is its own, whatever it was told.
  const status = worst([verdict.status, said.status, printed.status]);
  if (status !== verdict.status) return status === said.status ? said : printed;
  const culprit = told?.culprit;
  if (verdict.status === 'FAIL' && culprit !== undefined && culprit !== member.name)
    return { ...verdict, becauseOf: culprit };
  return verdict;
}

const NEVER_STARTED = 'was never started';

function fromExit(end: MemberEnd, tap: TapOutcome): Verdict {
  const cause = describeEnd(end);
  if (LAB_EXITS.has(end.exit.how)) return { status: 'ERROR', cause };
  if (end.exit.how !== 'exited') return { status: 'FAIL', cause };
  if (end.exit.code === 0) return { status: 'PASS' };
  if (end.exit.code === SKIP_CODE)
    return { status: 'SKIP', cause: `skipped${end.lastLine === '' ? '' : `: ${end.lastLine}`}` };
  if (end.exit.code === BROKEN_LAB_CODE) return { status: 'ERROR', cause };
  return { status: 'FAIL', cause: tap.failure === undefined ? cause : `${cause}, and ${tap.failure}` };
}

/** Whatever its exit status says, a test that is not ok is a failure, and so is output that breaks off. */
function fromTap({ failure, skipped }: TapOutcome, exit: Status): Verdict {
  if (failure !== undefined) return { status: 'FAIL', cause: failure };
  if (skipped === undefined || exit !== 'PASS') return { status: 'PASS' };
  return { status: 'SKIP', cause: `skipped: ${skipped}` };
}

/** A subtest that was skipped does not make its script a skipped one. */
const SUBTEST_STATUS: Record<Subtest['status'], Status> = {
  pass: 'PASS',
  skip: 'PASS',
  warn: 'WARN',
  fail: 'FAIL',
  error: 'ERROR',
};

/** Those it reported by itself; what it printed as TAP counts as a whole. */
function fromSubtests(all: readonly SaidSubtest[]): Verdict {
  const subtests = all.filter(({ tap }) => tap !== true);
  const status = worst(subtests.map((subtest) => SUBTEST_STATUS[subtest.status])) ?? 'PASS';
  const first = subtests.find((subtest) => SUBTEST_STATUS[subtest.status] === status);
  if (status === 'PASS' || first === undefined) return { status };
  return {
    status,
    cause: `reported subtest ${JSON.stringify(first.name)} ${first.status}${first.message ? `: ${first.message}` : ''}`,
  };
}

/** What the members' ends so far mean for a test that is going on. */
export type Course = 'going' | 'linger' | 'over';

/** A test is over when its last essential member with a script has ended, or on the first essential ERROR or SKIP; a member whose own time was over has failed. */
export function course(members: readonly MemberRun[]): Course {
  const deciding = essential(members);
  if (deciding.filter(({ driven }) => driven !== true).every(({ state }) => state === 'ended')) return 'over';
  const statuses = deciding.map((member) => member.verdict?.status);
  if (statuses.includes('ERROR') || statuses.includes('SKIP')) return 'over';
  return statuses.includes('FAIL') || statuses.includes('INTERRUPTED') ? 'linger' : 'going';
}

/** What has gone wrong among those that have ended, if it decides the test. */
export function failureSoFar(members: readonly MemberRun[]): { status: Status; cause: string } | undefined {
  const ended = essential(members).filter((member) => member.state === 'ended' && counts(member, members));
  const status = worst(ended.flatMap(({ verdict }) => verdict?.status ?? []));
  const cause = firstCause(ended);
  return status === undefined || isOk(status) || cause === undefined ? undefined : { status, cause };
}

/** Where nobody is essential everybody is: a test that nothing can fail would lie. */
function essential(members: readonly MemberRun[]): readonly MemberRun[] {
  const some = members.filter((member) => member.essential);
  return some.some(({ driven }) => driven !== true) ? some : members;
}

/** Status and cause of an attempt whose members all have their verdicts. */
export function attemptVerdict({ members, trouble }: AttemptRun): { status: Status; cause?: string } {
  const counted = essential(members).filter((member) => counts(member, members));
  const ofMembers = worst(counted.map((member) => member.verdict?.status ?? 'ERROR'));
  const status = worst([ofMembers ?? 'PASS', trouble?.status ?? 'PASS']) ?? 'ERROR';
  if (isOk(status) && status !== 'SKIP' && status !== 'WARN') return { status };
  const cause = trouble?.cause ?? firstCause(counted);
  return cause === undefined ? { status } : { status, cause };
}

function counts(member: MemberRun, all: readonly MemberRun[]): boolean {
  if (member.end?.stopped === 'test-over') return false;
  // Held back until the test was over.
  if (member.end === undefined && member.verdict?.cause === NEVER_STARTED) return false;
  const culprit = member.verdict?.becauseOf;
  const blamed = culprit === undefined ? undefined : essential(all).find(({ name }) => name === culprit);
  if (blamed?.verdict === undefined) return true;
  if (blamed.end?.stopped === 'test-over') return false;
  return isOk(blamed.verdict.status) || blamesBack(blamed, member.name, all);
}

/** Whether `member`, or whom it blames, or whom that one blames …, blames `name`. */
function blamesBack(member: MemberRun, name: string, all: readonly MemberRun[]): boolean {
  const seen = new Set<string>();
  let next: MemberRun | undefined = member;
  while (next !== undefined && !seen.has(next.name)) {
    seen.add(next.name);
    const culprit: string | undefined = next.verdict?.becauseOf;
    if (culprit === name) return true;
    next = all.find((other) => other.name === culprit);
  }
  return false;
}

/** The first thing that went wrong, in a sentence. */
function firstCause(counted: readonly MemberRun[]): string | undefined {
  const bad = counted.filter((member) => member.verdict?.cause !== undefined);
  bad.sort((a, b) => (a.endOrder ?? Infinity) - (b.endOrder ?? Infinity));
  const first = bad.find((member) => !isOk(member.verdict?.status ?? 'PASS')) ?? bad[0];
  return first && `${first.name} on ${first.node} ${first.verdict?.cause}`;
}
