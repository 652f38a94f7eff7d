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
  const part = (wanted: TestRun['part']) =>
    run.tests.filter((test) => test.part === wanted).map((test) => testReport(run, test));
  const tests = part('test');
  const [setup] = part('setup');
  const [teardown] = part('teardown');
  const nodes = [...new Set(run.cast.flatMap(({ nodes: names }) => names))].map((name) => ({
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
    ...present({ setup, teardown }),
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

/** Of tests that have ended: they change no more, and who writes them knows them by being the same. */
const ENDED = new WeakMap<TestRun, ReportTest>();

function testReport(run: Run, test: TestRun): ReportTest {
  const known = ENDED.get(test);
  if (known) return known;
  const { spec, status, started, duration, cause, attempts } = test;
  const wavered = attempts.length > 1 && status !== undefined && isOk(status);
  const report: ReportTest = {
    name: spec.name,
    status: status ?? 'RUNNING',
    ...present({
      flaky: wavered ? true : undefined,
      started: started === undefined ? undefined : since(run.started, started),
      duration,
      tags: spec.tags,
    }),
    params: spec.params,
    ...present({ cause }),
    attempts: attempts.map((attempt) => attemptReport(run, attempt)),
  };
  if (status !== undefined) ENDED.set(test, report);
  return report;
}

function attemptReport(run: Run, attempt: AttemptRun): ReportAttempt {
  const { n, status, cause, members, barriers, opened, ended } = attempt;
  return {
    n,
    status: status ?? 'RUNNING',
    ...present({
      cause,
      started: opened === undefined ? undefined : since(run.started, opened),
      duration: opened === undefined || ended === undefined ? undefined : since(opened, ended),
    }),
    members: members.map((member) => memberReport(attempt, member)),
    subtests: members.flatMap(subtestReports),
    barriers: barriers.map(({ name, generation, size, skew }) => ({
      name,
      generation,
      size,
      skew: milliseconds(skew),
    })),
  };
}

function memberReport({ opened }: AttemptRun, member: MemberRun): ReportMember {
  const { name, role, index, node, essential, verdict, end, dir, skipped, started, ended } = member;
  const instant = (at: number | undefined) =>
    at === undefined || opened === undefined ? undefined : since(opened, at);
  const exit = end?.exit;
  const bad = verdict !== undefined && !isOk(verdict.status);
  return {
    member: name,
    role,
    index,
    node,
    status: verdict?.status ?? 'RUNNING',
    ...present({
      essential: essential ? undefined : false,
      exit: exit?.how === 'exited' ? exit.code : undefined,
      signal: exit?.how === 'signalled' ? exit.signal : undefined,
      stopped: end?.stopped?.replace('-', ' '),
      because_of: verdict?.becauseOf,
      cause: bad && end?.stopped !== 'test-over' ? verdict.cause : undefined,
      started: instant(started),
      ended: instant(ended),
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

/** Seconds between two instants of master time. */
function since(from: number, to: number): number {
  return milliseconds(Math.max(0, to - from) / 1000);
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
