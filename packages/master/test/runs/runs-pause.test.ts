/** Runs whose tests are paused at a failure: what people see, what they decide, and what the next master makes of it. */
import { eventually, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { freezeMember, resumeRun } from '../../src/clients/resume-run.ts';
import { eventsOf, notificationOf } from '../../src/notify/notification.ts';
import { psView } from '../../src/runs/ps.ts';
import { reportOf } from '../../src/runs/report-of.ts';
import type { RunUnderWay } from '../../src/runs/run-under-way.ts';
import { runHead, testView } from '../../src/runs/view.ts';
import { id } from '../lab.ts';
import { role } from './a-test.ts';
import { RunsLab } from './runs-lab.ts';

const stay = { handlers: { 'member.start': () => ({}) } };
const PAUSE = { pauseOnFailure: 900 };

/** On `n1` the member fails, on `n2` it stays. */
async function pausedRun(more: object = {}): Promise<{ lab: RunsLab; run: RunUnderWay }> {
  const lab = await RunsLab.open();
  await lab.quick('n1', [1, 0]);
  await lab.quick('n2', 0, stay);
  const run = await lab.submit([{ roles: [role('a'), role('b')], linger: 0 }], { ...PAUSE, ...more });
  await eventually(() => expect(run.model.tests[0]?.attempts[0]?.pause).toBeDefined());
  return { lab, run };
}

const pauseOf = (run: RunUnderWay) => run.model.tests[0]?.attempts[0]?.pause;

const resume = (lab: RunsLab, how: 'continue' | 'retry' | 'abort', more: object = {}) =>
  resumeRun({ run: 1, how, request: id('e'), ...more }, lab.runs);

describe('a paused test', () => {
  test('is shown to who watches it, to who asks, and to webhooks', async () => {
    const { run } = await pausedRun();
    const { model } = run;
    const cause = 'a.0 on n1 exited with status 1';
    const since = pauseOf(run)?.since ?? 0;
    const paused = { cause, since, until: since + 900_000 };
    const [only] = model.tests;
    if (only === undefined) throw new Error('no test');
    expect(testView(only)).toMatchObject({ state: 'paused', paused });
    expect(runHead(model)).toMatchObject({ phase: 'running', paused: [{ ...paused, test: 'throughput' }] });
    const now = { waits: [], wallMs: since, left: 60 };
    expect(psView(model, now, undefined).test).toMatchObject({ state: 'paused', paused, left: 60 });
    expect(eventsOf(model)).toEqual(['started', 'paused']);
    const about = { delivery: id('d'), master: id('a'), now: since };
    expect(notificationOf('paused', model, about).pause).toEqual({
      test: 'throughput',
      cause,
      until: new Date(since + 900_000).toISOString(),
    });
    run.cancel('enough');
    await run.finished;
    // It says what happened, not what is.
    expect(eventsOf(model)).toEqual(['started', 'paused', 'first-failure', 'finished']);
    expect(runHead(model).paused).toBeUndefined();
    expect(testView(only)).not.toHaveProperty('paused');
  });

  test('is tried again on request, passes, and is flaky; the report says who asked', async () => {
    const { lab, run } = await pausedRun();
    await resume(lab, 'retry', { by: 'ann@desk' });
    await eventually(() => expect(run.model.tests[0]?.attempts).toHaveLength(2));
    // Asked again it does not mean the next attempt.
    await resume(lab, 'retry', { by: 'ann@desk' });
    expect(run.model.tests[0]?.attempts[1]?.pause).toBeUndefined();
    run.cancel('enough');
    await run.finished;
    const [first] = reportOf(run.model, new Map()).tests[0]?.attempts ?? [];
    expect(first).toMatchObject({
      status: 'FAIL',
      pause: { cause: 'a.0 on n1 exited with status 1', ended: 'retry', by: 'ann@desk' },
    });
    expect(first?.pause?.note).toBe('ann@desk asked for another attempt');
  });

  test('aborted, the run ends as by an operator, and says what had failed', async () => {
    const { lab, run } = await pausedRun();
    await resume(lab, 'abort');
    await run.finished;
    expect(run.model).toMatchObject({ status: 'INTERRUPTED', exit: 130 });
    expect(run.model.tests[0]?.cause).toBe(
      'aborted by an operator at the pause of test throughput, which had failed: a.0 on n1 exited with status 1',
    );
    expect(await rejection(resume(lab, 'continue', { request: id('f') }))).toMatchObject({
      code: 'NOT_PAUSED',
      message: 'no test of run 1 is paused, not any more: an operator aborted the run',
    });
  });

  test('is what is meant by a request to freeze a member', async () => {
    const { lab, run } = await pausedRun();
    const { signal } = new AbortController();
    const ask = { run: 1, member: 'b.0', frozen: true };
    expect(await rejection(freezeMember({ ...ask, test: 'other' }, lab.runs, signal))).toMatchObject({
      code: 'NOT_PAUSED',
    });
    run.cancel('enough');
    await run.finished;
    expect(await rejection(freezeMember(ask, lab.runs, signal))).toMatchObject({ code: 'NOT_PAUSED' });
  });
});

test('the time of the whole run stands still with it, and has what it had left when the pause ends', async () => {
  const { lab, run } = await pausedRun({ timeout: 40 });
  await lab.clock.pass(500_000);
  expect(run.model.cancelled).toBeUndefined();
  // The linger of the test is long enough for the run's own time to end it.
  const [only] = run.model.tests;
  Object.assign(only?.spec ?? {}, { linger: 1000 });
  await resume(lab, 'continue');
  await lab.clock.pass(39_000);
  expect(run.model.cancelled).toBeUndefined();
  await lab.clock.pass(1000);
  await run.finished;
  expect(run.model.tests[0]?.cause).toBe('the run timed out after 40 s');
});

describe('the next master', () => {
  async function succeeded(lab: RunsLab): Promise<{ next: RunsLab; run: RunUnderWay }> {
    lab.runs.suspend();
    const next = lab.successor();
    const [run] = next.runs.restore();
    if (run === undefined) throw new Error('no run goes on');
    await settled();
    return { next, run };
  }

  test('has it paused, with what was left of the pause and of the test', async () => {
    const { lab, run } = await pausedRun();
    const before = pauseOf(run);
    await lab.store.committed();
    const { next, run: again } = await succeeded(lab);
    expect(pauseOf(again)).toEqual(before);
    expect(runHead(again.model).paused).toHaveLength(1);
    const left = again.left(again.model.tests[0] as never);
    expect(left).toBeCloseTo(60, 0);
    await resume(next, 'abort');
    // Their machines do not come back.
    await next.clock.pass(30_000);
    await again.finished;
    expect(pauseOf(again)?.how).toBe('abort');
  });

  test('ends one whose time is over by then', async () => {
    const { lab, run } = await pausedRun();
    await lab.store.committed();
    const stored = lab.store.runs.find({ number: 1 })?.tests[0]?.attempts[0]?.pause;
    expect(stored).toEqual(pauseOf(run));
    lab.runs.suspend();
    const next = lab.successor();
    await next.clock.pass(901_000);
    const [again] = next.runs.restore();
    await settled();
    await next.clock.pass(0);
    expect(again && pauseOf(again)?.how).toBe('deadline');
    again?.shutDown('enough');
    await again?.finished;
  });
});
