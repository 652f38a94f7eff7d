/** The run as it stands, in the words of report.yaml. Pure. */
import {
  type Facts,
  isOk,
  REPORT_FORMAT,
  type Report,
  type ReportAttempt,
  type ReportMember,
  type ReportSubtest,
  type ReportTest,
} from '@tutti/protocol';
import { summarise } from '../reports/summary.ts';
import type { AttemptRun, MemberRun, Run, TestRun } from './model.ts';

/** `facts`: of the run's nodes, by name. */
export function reportOf(run: Run, facts: ReadonlyMap<string, Facts>): Report {
  const tests = run.tests.map(testReport);
  const nodes = [...new Set([...run.cast.values()].flat())].map((name) => ({
    name,
    ...(facts.get(name) ?? UNKNOWN),
  }));
  return {
    tutti: REPORT_FORMAT,
    run: run.number,
    id: run.id,
    suite: run.spec.suite,
    status: run.status ?? 'RUNNING',
    ...present({ cause: run.cause }),
    started: new Date(run.started).toISOString(),
    ...present({ duration: run.duration }),
    summary: summarise(tests),
    nodes,
    tests,
  };
}

const UNKNOWN: Facts = {
  addresses: [],
  os: 'unknown',
  kernel: 'unknown',
  arch: 'unknown',
  cpus: 1,
  memory: 1,
};

function testReport({ spec, status, duration, cause, attempts }: TestRun): ReportTest {
  return {
    name: spec.name,
    status: status ?? 'RUNNING',
    ...present({ duration }),
    params: spec.params,
    ...present({ cause }),
    attempts: attempts.map(attemptReport),
  };
}

function attemptReport({ n, status, cause, members, barriers }: AttemptRun): ReportAttempt {
  return {
    n,
    status: status ?? 'RUNNING',
    ...present({ cause }),
    members: members.map(memberReport),
    subtests: members.flatMap(subtestReports),
    barriers: barriers.map(({ name, generation, size, skew }) => ({
      name,
      generation,
      size,
      skew: milliseconds(skew),
    })),
  };
}

function memberReport({ name, role, index, node, verdict, end, dir, skipped }: MemberRun): ReportMember {
  const exit = end?.exit;
  const bad = verdict !== undefined && !isOk(verdict.status);
  return {
    member: name,
    role,
    index,
    node,
    status: verdict?.status ?? 'RUNNING',
    ...present({
      exit: exit?.how === 'exited' ? exit.code : undefined,
      signal: exit?.how === 'signalled' ? exit.signal : undefined,
      stopped: end?.stopped?.replace('-', ' '),
      because_of: verdict?.becauseOf,
      cause: bad && end?.stopped !== 'test-over' ? verdict.cause : undefined,
      duration: end && milliseconds(end.duration),
    }),
    dir,
    ...(skipped.length > 0 ? { skipped } : {}),
  };
}

function subtestReports({ name: member, subtests }: MemberRun): ReportSubtest[] {
  return subtests.map(({ name, status, measure, unit, message }) => ({
    name,
    member,
    status: status.toUpperCase() as ReportSubtest['status'],
    ...present({ measure, unit, message }),
  }));
}

/** Seconds to the millisecond. */
export function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The fields that have a value: an absent key says more than an empty one. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
