/** What is to be told of a run as it stands, and in which words. Pure. */
import { isOk, NOTIFICATION_FORMAT, type Notification, type NotificationEvent } from '@tutti/protocol';
import { summarise } from '../reports/summary.ts';
import type { Run, TestRun } from '../runs/model.ts';
import { present } from '../runs/report-values.ts';

/** All that has happened to the run and is told of, in order. */
export function eventsOf(run: Run): NotificationEvent[] {
  return [
    ...(run.phase === 'queued' || run.allocated === undefined ? [] : (['started'] as const)),
    ...(firstPause(run) === undefined ? [] : (['paused'] as const)),
    ...(firstFailure(run) === undefined ? [] : (['first-failure'] as const)),
    ...(run.phase === 'finished' ? (['finished'] as const) : []),
  ];
}

/** `now`: Unix ms, master time. */
export function notificationOf(
  event: NotificationEvent,
  run: Run,
  about: { delivery: string; master: string; now: number },
): Notification {
  const { number, id, spec, status, cause, exit, started, duration } = run;
  const failed = event === 'first-failure' ? firstFailure(run) : undefined;
  const tests = run.tests.filter(({ part }) => part === 'test');
  return {
    tutti: NOTIFICATION_FORMAT,
    event,
    delivery: about.delivery,
    at: new Date(about.now).toISOString(),
    master: about.master,
    run: {
      number,
      id,
      suite: spec.suite,
      ...present({ status, cause, exit }),
      started: new Date(started).toISOString(),
      ...present({ duration }),
      summary: summarise(tests.map((test) => ({ status: test.status ?? 'RUNNING' }))),
    },
    ...(event === 'paused' ? present({ pause: firstPause(run) }) : {}),
    ...(failed?.status === undefined
      ? {}
      : { failure: { test: failed.spec.name, status: failed.status, ...present({ cause: failed.cause }) } }),
  };
}

function firstPause({ tests }: Run): Notification['pause'] {
  const all = tests.flatMap(({ spec, attempts }) =>
    attempts.flatMap(({ pause }) => (pause ? [{ test: spec.name, ...pause }] : [])),
  );
  const [first] = all.toSorted((a, b) => a.since - b.since);
  return first && { test: first.test, cause: first.cause, until: new Date(first.until).toISOString() };
}

/** Tests that were never begun have not failed; what they are says the end of the run. */
function firstFailure({ tests }: Run): TestRun | undefined {
  return tests.find(({ status, attempts }) => status !== undefined && !isOk(status) && attempts.length > 0);
}
