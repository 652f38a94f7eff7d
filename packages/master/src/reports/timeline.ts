/**
 * What happened when in one attempt: a lane for each member, and the barriers that cross them. Pure.
 *
 * Times are seconds from the attempt's start, in master time. Who came last to a barrier is the one everybody waited
 * for. A report without times (of an older master, or of an attempt that never began) has no timeline.
 *
 * Bounds: `LANES` members and `RELEASES` barriers. Members that are not ok go first, so they are never what is left
 * out; of barriers those where people waited longest stay. What is left out is counted.
 */
import { isOk, type ReportAttempt, type ReportBarrier, type ReportMember } from '@tutti/protocol';

export const LANES = 200;
export const RELEASES = 100;
/** In one lane; more are too narrow to see. */
const PIECES = 200;

export interface Timeline {
  /** Seconds that it covers. */
  readonly length: number;
  readonly lanes: readonly Lane[];
  /** In order of time. */
  readonly releases: readonly Release[];
  readonly lanesOmitted: number;
  readonly releasesOmitted: number;
}

export interface Lane {
  readonly member: ReportMember;
  /** When it ran: one for each boot of its machine. */
  readonly runs: readonly Span[];
  readonly waits: readonly LaneWait[];
  readonly points: readonly Point[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface LaneWait extends Span {
  readonly on: string;
  /** Whom it waited for. */
  readonly whom: readonly string[];
  /** Why it came to nothing. */
  readonly error?: string;
}

export interface Point {
  readonly at: number;
  readonly what: 'mark' | 'subtest' | 'bad-subtest';
  readonly name: string;
}

export interface Release {
  readonly name: string;
  readonly generation: number;
  readonly size: number;
  readonly at: number;
  /** Who came last, and how long after the one before. */
  readonly last?: { member: string; after: number };
  /** Who waited longest, and for how long. */
  readonly first?: { member: string; waited: number };
  /** First to last arrival. */
  readonly skew: number;
}

export function timelineOf(attempt: ReportAttempt): Timeline | undefined {
  if (!attempt.members.some(({ started }) => started !== undefined)) return undefined;
  const length = lengthOf(attempt);
  const waits = waitsByMember(attempt);
  const points = pointsByMember(attempt);
  const members = membersToShow(attempt.members);
  const releases = attempt.barriers.flatMap(releaseOf);
  const shown = releases.length <= RELEASES ? releases : longest(releases);
  return {
    length,
    lanes: members.map((member) => ({
      member,
      runs: runsOf(member, length),
      waits: (waits.get(member.member) ?? []).slice(0, PIECES),
      points: (points.get(member.member) ?? []).slice(0, PIECES),
    })),
    releases: shown.toSorted((a, b) => a.at - b.at),
    lanesOmitted: attempt.members.length - members.length,
    releasesOmitted: releases.length - shown.length,
  };
}

/** In their own order; of too many those that are not ok, then the first. */
export function membersToShow(members: readonly ReportMember[]): readonly ReportMember[] {
  if (members.length <= LANES) return members;
  const bad = members.filter(({ status }) => status !== 'RUNNING' && !isOk(status));
  const others = members.filter(({ status }) => status === 'RUNNING' || isOk(status));
  const chosen = new Set([...bad, ...others].slice(0, LANES));
  return members.filter((member) => chosen.has(member));
}

function lengthOf(attempt: ReportAttempt): number {
  let length = attempt.duration ?? 0;
  for (const { started = 0, ended = 0 } of attempt.members) length = Math.max(length, started, ended);
  for (const { released = 0 } of attempt.barriers) length = Math.max(length, released);
  for (const { from, to = 0 } of attempt.waits ?? []) length = Math.max(length, from, to);
  for (const { at } of attempt.marks ?? []) length = Math.max(length, at);
  return length;
}

function runsOf(member: ReportMember, length: number): Span[] {
  const { started, ended = length, incarnations } = member;
  if (incarnations) return incarnations.map((one) => ({ from: one.started, to: one.ended ?? ended }));
  return started === undefined ? [] : [{ from: started, to: Math.max(started, ended) }];
}

function waitsByMember(attempt: ReportAttempt): Map<string, (LaneWait & { member: string })[]> {
  const ended = new Map(attempt.members.map((member) => [member.member, member.ended]));
  const atBarriers = attempt.barriers.flatMap(({ name, released: to, arrivals = [] }) => {
    const last = arrivals.at(-1)?.member;
    if (to === undefined || last === undefined) return [];
    return arrivals
      .filter(({ member, at }) => member !== last && at < to)
      .map(({ member, at }) => ({ member, from: at, to, on: `barrier "${name}"`, whom: [last] }));
  });
  const others = (attempt.waits ?? []).map(({ member, what, from, to, error, missing = [] }) => ({
    member,
    on: what,
    from,
    to: to ?? ended.get(member) ?? attempt.duration ?? from,
    whom: missing,
    ...broken(error ?? (to === undefined ? STILL : undefined)),
  }));
  const inOrder = [...atBarriers, ...others].toSorted((a, b) => a.from - b.from);
  return Map.groupBy(inOrder, ({ member }) => member);
}

const STILL = 'it was still waiting at the end';

function broken(error: string | undefined): { error?: string } {
  return error === undefined ? {} : { error };
}

function pointsByMember(attempt: ReportAttempt): Map<string, Point[]> {
  const points = [
    ...(attempt.marks ?? []).map(({ member, at, name }) => ({ member, at, what: 'mark' as const, name })),
    ...attempt.subtests.flatMap(({ member, at, name, status }) => {
      const what = isOk(status) ? ('subtest' as const) : ('bad-subtest' as const);
      return at === undefined ? [] : [{ member, at, what, name: `${name} ${status}` }];
    }),
  ].toSorted((a, b) => a.at - b.at);
  return Map.groupBy(points, ({ member }) => member);
}

function releaseOf({ name, generation, size, skew, released, arrivals = [] }: ReportBarrier): Release[] {
  if (released === undefined) return [];
  const [first] = arrivals;
  const last = arrivals.at(-1);
  const before = arrivals.at(-2);
  return [
    {
      name,
      generation,
      size,
      at: released,
      skew,
      ...(last && before && { last: { member: last.member, after: last.at - before.at } }),
      ...(first && first !== last && { first: { member: first.member, waited: released - first.at } }),
    },
  ];
}

function longest(releases: readonly Release[]): Release[] {
  return releases.toSorted((a, b) => b.skew - a.skew).slice(0, RELEASES);
}
