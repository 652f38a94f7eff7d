/** The run as clients watch it. Pure. */
import { LIMITS, type RunHead, type TestView } from '@tutti/protocol';
import type { Run, TestRun } from './model.ts';
import { pauseOf, pauseView } from './pause.ts';
import { present } from './report-values.ts';

export function runHead(run: Run): RunHead {
  const { number, id, spec, phase, waitsFor, status, cause, duration, exit, dir, tests } = run;
  return {
    run: number,
    id,
    suite: spec.suite,
    phase,
    dir,
    size: tests.length,
    ...present({ waitsFor, paused: pausedOf(tests), status, cause, duration, exit }),
  };
}

/** So many are named, and no more of what failed: a list of many runs fits into a frame. */
const PAUSED = 5;
const LONGEST_CAUSE = 300;

function pausedOf(tests: readonly TestRun[]): RunHead['paused'] {
  const paused = tests.flatMap((test) => {
    const pause = pauseOf(test);
    if (pause === undefined) return [];
    const view = pauseView(pause);
    return [{ ...view, cause: view.cause.slice(0, LONGEST_CAUSE), test: test.spec.name }];
  });
  return paused.length === 0 ? undefined : paused.slice(0, PAUSED);
}

/** Of many members, those that are not through come first: they are what people wait for. */
export function testView(test: TestRun): TestView {
  const { spec, part, state, status, cause, duration, attempts } = test;
  const all = status === undefined ? (attempts.at(-1)?.members ?? []) : [];
  const shown = all.length <= LIMITS.membersShown.value ? all : unfinishedFirst(all);
  const members = shown.slice(0, LIMITS.membersShown.value).map(({ name, node, state: at, verdict }) => ({
    member: name,
    node,
    state: at,
    ...present({ status: verdict?.status }),
  }));
  const pause = pauseOf(test);
  const size = spec.roles.reduce((sum, { count }) => sum + count, 0);
  return {
    name: spec.name,
    state: pause === undefined ? state : 'paused',
    ...present({
      paused: pause && pauseView(pause),
      part: part === 'test' ? undefined : part,
      status,
      cause,
      duration,
      attempts: attempts.length > 1 ? attempts.length : undefined,
      before: before(test),
    }),
    members,
    size,
  };
}

function before({ status, attempts }: TestRun): TestView['before'] {
  const last = status === undefined ? attempts.at(-2) : undefined;
  return last?.status && { status: last.status, ...present({ cause: last.cause }) };
}

function unfinishedFirst<T extends { state: string }>(members: readonly T[]): T[] {
  return members.toSorted((a, b) => Number(a.state === 'ended') - Number(b.state === 'ended'));
}
