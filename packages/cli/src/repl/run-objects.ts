/** Runs, their tests and the machines of their members, at the prompt. */
import { DECISIONS } from '@tutti/client';
import type { Machine, Role, Run, RunTest, Tutti } from '@tutti/client/objects';
import { isOk, type ReportMember, type ReportTest, type RunView, TuttiError } from '@tutti/protocol';
import { describeRun } from '../commands/ps.ts';
import { LogPrinter } from '../logs/printer.ts';
import { oneLine } from '../progress/columns.ts';
import { makeProgress } from '../progress/make-progress.ts';
import { summary } from '../run/summary.ts';
import { describeEnd } from '../run/wait.ts';
import { runsTable } from '../runs-table.ts';
import { table } from '../table.ts';
import { liveObject, methodsOf } from './live-object.ts';
import { MACHINE_METHODS, type Screen } from './screen.ts';
import { shellHere } from './shell-here.ts';
import { shownAs } from './shown.ts';

export function runObjects(runs: Tutti['runs'], screen: Screen): object {
  const env = process.env;
  const tableOf = (rows: Parameters<typeof runsTable>[0]) => runsTable(rows, screen.out, env);
  const child = (name: string) => {
    if (/^\d+$/.test(name)) return runObject(runs, runs.get(Number(name)), screen);
    throw new TuttiError('USAGE', `runs has no ${name}; a run is runs[42], the newest runs.last`);
  };
  return liveObject({
    path: 'runs',
    members: {
      list: async (filter: Parameters<typeof runs.list>[0] = {}) => {
        const rows = await runs.list(filter);
        return shownAs(rows, tableOf(rows));
      },
      get last() {
        return runObject(runs, runs.last, screen);
      },
      get: (number: number) => child(String(number)),
      get size() {
        return runs.size;
      },
    },
    names: () => runs.numbers.map(String),
    child,
    show: () => tableOf(runs.rows().slice(0, 20)),
    iterate: () => [...runs].map((run) => runObject(runs, run, screen))[Symbol.iterator](),
  });
}

export function runObject(runs: Tutti['runs'], run: Run, screen: Screen): object {
  const { number } = run;
  const { out, palette } = screen;
  const path = `runs[${number}]`;
  const printed = async (options: { test?: string; member?: string; follow?: boolean }) => {
    const printer = new LogPrinter({ out, palette, prefix: true });
    await run.readLogs(options, printer);
  };
  return liveObject({
    path,
    members: {
      number,
      get row() {
        return run.row;
      },
      report: async () => {
        const report = await run.report();
        const logsAt = (test: ReportTest, member: ReportMember) =>
          `${path}.logs(${JSON.stringify({ test: test.name, member: member.member })})`;
        return shownAs(report, summary(report, logsAt, palette));
      },
      logs: (what: string | { test?: string; member?: string; follow?: boolean } = {}) =>
        printed(typeof what === 'string' ? { member: what } : what),
      ps: async () => {
        const at = await run.ps();
        return shownAs(at, describeRun(at));
      },
      explain: async () => {
        const explanation = await run.explain();
        return shownAs(explanation, explanation.lines.join('\n'));
      },
      wait: () => followed((onView) => run.wait({ onView }), screen),
      cancel: (reason = 'cancelled at the prompt') => run.cancel(reason),
      rerun: async (options: Parameters<typeof runs.rerun>[1] = {}) =>
        runObject(runs, await runs.rerun(number, options), screen),
      fetch: async (to: string, options: { logs?: boolean } = {}) => {
        const files = await run.fetch(to, options);
        return shownAs({ files }, `${files} files in ${to}`);
      },
      view: async () => {
        const view = await run.view();
        return shownAs(view, testsTable(view));
      },
      tests: testsObject(path, run, screen),
    },
    show: async () => {
      const row = run.row ?? (await run.info());
      return runsTable([row], out, process.env);
    },
  });
}

/** Shows how it goes on until it has ended, or a test is paused anew: then it goes on behind the prompt. */
export async function followed(
  work: (onView: (view: RunView) => void) => Promise<RunView>,
  screen: Screen,
): Promise<RunView> {
  const progress = makeProgress(screen.out, process.env);
  const paused = Promise.withResolvers<RunView>();
  let before: Set<number> | undefined;
  try {
    const ended = work((now) => {
      progress.show(now);
      const since = (now.paused ?? []).map((pause) => pause.since);
      before ??= new Set(since);
      if (since.some((at) => !before?.has(at))) paused.resolve(now);
    });
    const view = await Promise.race([ended, paused.promise]);
    progress.end();
    if (view.phase === 'finished') return shownAs(view, describeEnd(view));
    ended.catch(() => {});
    return shownAs(view, describePauses(view));
  } finally {
    progress.end();
  }
}

/** What can be done now, by what is to be typed. */
function describePauses({ run, tests }: RunView): string {
  const paused = tests.flatMap(({ name, paused: pause }) => (pause ? [{ name, ...pause }] : []));
  const lines = paused.flatMap(({ name, cause }) => {
    const path = `runs[${run}].tests[${JSON.stringify(name)}]`;
    return [
      oneLine(`${name} is paused: ${cause}`),
      `  look around: ${path}.roles; then ${path}.resume('continue'), 'retry' or 'abort'`,
    ];
  });
  return [...lines, `runs[${run}].wait() follows it again`].join('\n');
}

function testsObject(path: string, run: Run, screen: Screen): object {
  return liveObject({
    path: `${path}.tests`,
    members: { names: () => run.testNames() },
    names: () => run.testNames(),
    child: (name) => testObject(path, run.test(name), screen),
    show: async () => testsTable(await run.view()),
  });
}

function testObject(runPath: string, test: RunTest, screen: Screen): object {
  const path = `${runPath}.tests[${JSON.stringify(test.name)}]`;
  const names = () => test.roleNames();
  return liveObject({
    path,
    members: {
      name: test.name,
      view: () => test.view(),
      resume: (how: Parameters<RunTest['resume']>[0]) => test.resume(how),
      roles: liveObject({
        path: `${path}.roles`,
        members: {},
        names,
        child: (name) => roleObject(`${path}.roles.${name}`, test.role(name), screen),
        show: async () => (await names()).join(', '),
      }),
    },
    words: { resume: () => DECISIONS },
    show: async () => {
      const { members, state, status, paused } = await test.view();
      const rows = members.map(({ member, node, ...at }) => [member, node, at.status ?? at.state]);
      const why = paused === undefined ? '' : ` at a failure: ${oneLine(paused.cause)}`;
      return `test ${test.name}: ${status ?? state}${why}\n${rows.length === 0 ? '' : table([['MEMBER', 'NODE', 'STATE'], ...rows])}`;
    },
  });
}

/** What can be done to the members of a paused test. */
const FROZEN = ['freeze', 'thaw'] as const;

function roleObject(path: string, role: Role, screen: Screen): object {
  const member = (index: number) => {
    const found = role.member(index);
    return liveObject({
      path: `${path}[${index}]`,
      members: {
        ...methodsOf(found as Machine, MACHINE_METHODS),
        shell: shellHere(found, screen),
        ...methodsOf(found, FROZEN),
        name: found.name,
      },
      show: () => found.name,
    });
  };
  return liveObject({
    path,
    members: {
      ...methodsOf(role as Machine, MACHINE_METHODS),
      shell: shellHere(role, screen),
      ...methodsOf(role, FROZEN),
      name: role.name,
      member,
      all: async () => {
        const group = await role.all();
        return liveObject({
          path: `${path}.all()`,
          members: { run: group.run.bind(group), put: group.put.bind(group), names: group.names },
          show: () => group.names.join(', '),
        });
      },
    },
    names: async () => (await role.all()).names.map((name) => name.slice(name.lastIndexOf('.') + 1)),
    child: (index) => member(indexOf(index, path)),
    show: async () => (await role.all()).names.join(', '),
  });
}

function testsTable({ tests }: RunView): string {
  const rows = tests.map(({ name, state, status, duration, cause, part, paused }) => [
    part === undefined ? name : `(${part})`,
    status ?? state,
    duration === undefined ? '-' : `${duration.toFixed(1)} s`,
    status !== undefined && isOk(status) ? '' : (cause ?? paused?.cause ?? ''),
  ]);
  return table([['TEST', 'STATE', 'TOOK', 'WHAT'], ...rows]);
}

function indexOf(text: string, path: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new TuttiError('USAGE', `${path} has no ${text}; a member is ${path}[0], all of them ${path}.all()`);
}
