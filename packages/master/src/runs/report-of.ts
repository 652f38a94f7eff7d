/** The run as it stands, in the words of report.yaml. Pure. */
import {
  type Facts,
  isOk,
  REPORT_FORMAT,
  type Report,
  type ReportAttempt,
  type ReportBarrier,
  type ReportIncarnation,
  type ReportMark,
  type ReportMember,
  type ReportPause,
  type ReportSubtest,
  type ReportTest,
  type ReportWait,
} from '@tutti/protocol';
import { commandReports, commandsOmitted } from '../reports/command-reports.ts';
import { summarise } from '../reports/summary.ts';
import type { BarrierRecord } from '../sync/barrier-records.ts';
import type { AttemptRun, MemberRun, Run, TestRun } from './model.ts';
import { endInWords } from './pause.ts';
import { milliseconds, present, since } from './report-values.ts';

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
    subtests: members.flatMap((member) => subtestReports(attempt, member)),
    barriers: barriers.map((barrier) => barrierReport(attempt, barrier)),
    ...present({
      waits: waitsOf(attempt),
      marks: marksOf(attempt),
      commands: commandReports(attempt),
      pause: pauseReport(attempt),
      omitted: omittedOf(attempt),
    }),
  };
}

/** Sync spaces count in seconds. */
function barrierReport({ opened }: AttemptRun, barrier: BarrierRecord): ReportBarrier {
  const { name, generation, size, skew, released, arrivals } = barrier;
  const common = { name, generation, size, skew: milliseconds(skew) };
  if (opened === undefined || released === undefined) return common;
  const shown = arrivals?.map(({ member, at }) => ({ member, at: since(opened, at * 1000) })) ?? [];
  return {
    ...common,
    released: since(opened, released * 1000),
    ...(shown.length > 0 ? { arrivals: shown } : {}),
  };
}

function waitsOf({ opened, waits = [] }: AttemptRun): ReportWait[] | undefined {
  if (opened === undefined || waits.length === 0) return undefined;
  return waits.map(({ member, what, from, to, error, missing }) => ({
    member,
    what,
    from: since(opened, from * 1000),
    ...present({
      to: to === undefined ? undefined : since(opened, to * 1000),
      error,
      missing: missing && [...missing],
    }),
  }));
}

function memberReport({ opened }: AttemptRun, member: MemberRun): ReportMember {
  const { name, role, index, node, essential, driven, verdict, end, dir, skipped, started, ended } = member;
  const instant = (at: number | undefined) =>
    at === undefined || opened === undefined ? undefined : since(opened, at);
  // A driven one has no script that could end well or badly: it is stopped when there is nothing left to do on its machine.
  const over = driven === true && end?.stopped === 'test-over';
  const exit = over ? undefined : end?.exit;
  const bad = verdict !== undefined && !isOk(verdict.status);
  return {
    member: name,
    role,
    index,
    node,
    status: verdict?.status ?? 'RUNNING',
    ...present({
      essential: essential ? undefined : false,
      driven,
      exit: exit?.how === 'exited' ? exit.code : undefined,
      signal: exit?.how === 'signalled' ? exit.signal : undefined,
      stopped: over ? undefined : end?.stopped?.replace('-', ' '),
      because_of: verdict?.becauseOf,
      cause: bad && end?.stopped !== 'test-over' ? verdict.cause : undefined,
      started: instant(started),
      ended: instant(ended),
      duration: end && milliseconds(end.duration),
      incarnations: incarnationsOf(opened, member),
    }),
    dir,
    ...(skipped.length > 0 ? { skipped } : {}),
  };
}

/** Absent where the machine was not rebooted. */
function incarnationsOf(
  opened: number | undefined,
  { started, ended, boots = [] }: MemberRun,
): ReportIncarnation[] | undefined {
  if (opened === undefined || started === undefined || boots.length === 0) return undefined;
  const begun = [started, ...boots.map(({ back }) => back)];
  return begun.map((at, n) => {
    const until = boots[n]?.ended ?? ended;
    return { started: since(opened, at), ...present({ ended: until && since(opened, until) }) };
  });
}

function subtestReports({ opened }: AttemptRun, { name: member, subtests }: MemberRun): ReportSubtest[] {
  return subtests.map(({ name, status, measure, unit, message, at, duration }) => ({
    name,
    member,
    status: status.toUpperCase() as ReportSubtest['status'],
    ...present({
      measure,
      unit,
      message,
      at: at === undefined || opened === undefined ? undefined : since(opened, at),
      duration: duration === undefined ? undefined : milliseconds(duration),
    }),
  }));
}

function pauseReport({ opened, pause }: AttemptRun): ReportPause | undefined {
  if (opened === undefined || pause === undefined) return undefined;
  const { cause, since: from, ended, how, by } = pause;
  return {
    cause,
    from: since(opened, from),
    ...present({
      to: ended === undefined ? undefined : since(opened, ended),
      ended: how,
      by,
      note: endInWords(pause),
    }),
  };
}

/** In the order in which they were made; absent where there are none. */
function marksOf({ opened, members }: AttemptRun): ReportMark[] | undefined {
  if (opened === undefined) return undefined;
  const marks = members.flatMap(({ name: member, marks: made }) =>
    made.map(({ name, at }) => ({ member, name, at: since(opened, at) })),
  );
  return marks.length === 0 ? undefined : marks.toSorted((a, b) => a.at - b.at);
}

function omittedOf(attempt: AttemptRun): ReportAttempt['omitted'] {
  const { members, omitted: kept = {} } = attempt;
  const sum = (kind: 'subtests' | 'marks') =>
    members.reduce((total, { omitted }) => total + (omitted[kind] ?? 0), 0) || undefined;
  const { barriers, arrivals, waits } = kept;
  const omitted = present({
    subtests: sum('subtests'),
    barriers,
    arrivals,
    waits,
    marks: sum('marks'),
    commands: commandsOmitted(attempt),
  });
  return Object.keys(omitted).length === 0 ? undefined : omitted;
}
