/** The run as clients watch it. Pure. */
import type { EventParams, RunView, TestView } from '@tutti/protocol';
import type { Run, TestRun } from './model.ts';
import { present } from './report-of.ts';

export function runHead(run: Run): EventParams<'run.changed'> {
  const { number, id, spec, phase, waitsFor, status, cause, duration, exit, dir } = run;
  return {
    run: number,
    id,
    suite: spec.suite,
    phase,
    dir,
    ...present({ waitsFor, status, cause, duration, exit }),
  };
}

export function runView(run: Run): RunView {
  return { ...runHead(run), tests: run.tests.map((test) => testView(test, run.cast)) };
}

export function testView(test: TestRun, cast: Run['cast']): TestView {
  const { spec, state, status, cause, duration } = test;
  const members = test.attempts.at(-1)?.members.map(({ name, node, state: at, verdict }) => ({
    member: name,
    node,
    state: at,
    ...present({ status: verdict?.status }),
  }));
  return {
    name: spec.name,
    state,
    ...present({ status, cause, duration }),
    members: members ?? planned(test, cast),
  };
}

function planned({ spec }: TestRun, cast: Run['cast']): TestView['members'] {
  return spec.roles.flatMap(({ name, count }) =>
    Array.from({ length: count }, (_, index) => ({
      member: `${name}.${index}`,
      node: cast.get(name)?.[index] ?? 'none',
      state: 'waiting' as const,
    })),
  );
}
