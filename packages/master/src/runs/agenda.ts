/**
 * What a run does next: setup, then its tests in their order, those that are parallel beside each other, then teardown. Pure.
 *
 * No further test begins once the run was cancelled, its setup is not ok, or a test is not ok and the suite says
 * `fail-fast`; tests that are under way then end as they do. Teardown runs whenever anything of the run has begun.
 */
import { isOk, type Status } from '@tutti/protocol';
import type { Cast } from '../scheduler/pass.ts';
import { beginNow } from '../scheduler/side-by-side.ts';
import type { Run, TestRun } from './model.ts';
import { needsOf } from './plan.ts';

const NOBODY: ReadonlySet<string> = new Set();

export interface Beginning {
  readonly test: TestRun;
  /** Of the run's nodes, those it gets. */
  readonly cast: Cast;
}

/** The tests that begin now; none while it only waits for what is under way, or when it is through. `away`: nodes that are not there. */
export function beginnings(run: Run, away: ReadonlySet<string> = NOBODY): Beginning[] {
  const [setup] = parts(run, 'setup');
  const [teardown] = parts(run, 'teardown');
  const underWay = run.tests.filter(isUnderWay);
  if (underWay.some(({ part }) => part !== 'test')) return [];
  const goesOn = whyNoMore(run) === undefined;
  if (goesOn && setup !== undefined && isWaiting(setup)) return [{ test: setup, cast: run.cast }];
  const begun = goesOn ? nextTests(run, underWay, away) : [];
  if (begun.length > 0 || underWay.length > 0 || teardown === undefined || !isWaiting(teardown)) return begun;
  return hasBegun(run) ? [{ test: teardown, cast: run.cast }] : [];
}

/** Why the tests that have not begun never will, and what that makes of them; undefined: they may. */
export function whyNoMore(run: Run): { status: Status; cause: string } | undefined {
  if (run.cancelled !== undefined) return { status: 'INTERRUPTED', cause: `not run: ${run.cancelled}` };
  const [setup] = parts(run, 'setup');
  if (setup?.status === 'SKIP')
    return { status: 'SKIP', cause: `the setup said so: ${setup.cause ?? 'SKIP'}` };
  if (setup && isBad(setup)) return { status: 'CANCEL', cause: `not run: the setup ended ${setup.status}` };
  const first = run.spec.failFast === true ? parts(run, 'test').find(isBad) : undefined;
  return (
    first && {
      status: 'CANCEL',
      cause: `not run: ${first.spec.name} ended ${first.status}, and the run ends at the first failure`,
    }
  );
}

/** Members of tests that have not begun may still come to the space of the run. */
export function moreToCome(run: Run): boolean {
  const goesOn = whyNoMore(run) === undefined;
  return run.tests.some((test) => isWaiting(test) && (goesOn || test.part === 'teardown'));
}

/** Nodes for one more attempt at a test that is under way: the same, or after an ERROR others, if the run has some that are free. */
export function castAgain(run: Run, test: TestRun, away: ReadonlySet<string> = NOBODY): Cast {
  const busy = new Set(run.tests.filter((other) => other !== test && isUnderWay(other)).flatMap(nodesOf));
  const last = test.attempts.at(-1);
  const broken = last?.members.filter(({ verdict }) => verdict?.status === 'ERROR') ?? [];
  const suspects = last?.status === 'ERROR' ? (broken.length > 0 ? broken : last.members) : [];
  const avoided = new Set([...away, ...suspects.map(({ node }) => node)]);
  return needsOf([test.spec]).map((need) => {
    const all = run.cast.find(({ need: { role, where } }) => role === need.role && where === need.where);
    const free = (all?.nodes ?? []).filter((node) => !busy.has(node));
    const inOrder = [
      ...free.filter((node) => !avoided.has(node)),
      ...free.filter((node) => avoided.has(node)),
    ];
    return { need, nodes: inOrder.slice(0, need.count) };
  });
}

function nextTests(run: Run, underWay: readonly TestRun[], away: ReadonlySet<string>): Beginning[] {
  const waiting = parts(run, 'test').filter(isWaiting);
  const asked = waiting.map(({ index, spec }) => ({
    index,
    parallel: spec.parallel === true,
    needs: needsOf([spec]),
  }));
  const running = {
    nodes: underWay.map(nodesOf),
    parallel: underWay.every(({ spec }) => spec.parallel === true),
  };
  return beginNow(asked, running, run.cast, away).flatMap(({ index, cast }) => {
    const test = run.tests[index];
    return test ? [{ test, cast }] : [];
  });
}

function nodesOf({ attempts }: TestRun): string[] {
  return attempts.at(-1)?.members.map(({ node }) => node) ?? [];
}

function parts({ tests }: Run, part: TestRun['part']): TestRun[] {
  return tests.filter((test) => test.part === part);
}

function hasBegun({ tests }: Run): boolean {
  return tests.some(({ attempts }) => attempts.length > 0);
}

function isWaiting({ status, attempts }: TestRun): boolean {
  return status === undefined && attempts.length === 0;
}

/** Between two attempts too. */
function isUnderWay({ status, attempts }: TestRun): boolean {
  return status === undefined && attempts.length > 0;
}

function isBad({ status }: TestRun): boolean {
  return status !== undefined && !isOk(status);
}
