import { FakeClock, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { runEvents } from '../../src/http/run-events.ts';
import type { Run } from '../../src/runs/model.ts';
import { planTests } from '../../src/runs/plan.ts';
import type { RunListener } from '../../src/runs/run-deps.ts';
import { id } from '../lab.ts';
import { role, testSpec } from '../runs/a-test.ts';
import { apiLab } from './api-lab.ts';

function aRun(tests: number) {
  const spec = {
    suite: 'suite',
    files: [],
    tests: Array.from({ length: tests }, (_, n) => testSpec([role('client')], { name: `t${n}` })),
  };
  const run = {
    number: 1,
    id: id('1'),
    spec,
    dir: '/runs/1-suite',
    tests: planTests(spec),
    phase: 'running',
  } as unknown as Run;
  const listeners = new Set<RunListener>();
  const clock = new FakeClock();
  const stop = new AbortController();
  const pieces = runEvents({
    run,
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clock,
    signal: stop.signal,
  });
  /** The names of the events of the next piece. */
  const next = async (): Promise<string[] | undefined> => {
    const { value, done } = await pieces.next();
    if (done) return undefined;
    const text = Buffer.from(value).toString();
    return text
      .split('\n\n')
      .filter((each) => each !== '')
      .map((each) => {
        const data = /^data: (.*)$/m.exec(each)?.[1];
        const { test: about, phase } = JSON.parse(data ?? '{}') as {
          test?: { name: string; state: string };
          phase?: string;
        };
        return about ? `${about.name} ${about.state}` : (phase ?? each);
      });
  };
  const change = (...indexes: number[]) => {
    for (const listener of listeners) listener({ run, tests: indexes });
  };
  return { run, next, change, clock, stop, listeners };
}

describe('events of a run', () => {
  test('begin with all of it, and end with its end', async () => {
    const { run, next, change, listeners } = aRun(2);
    expect(await next()).toEqual(['retry: 1000']);
    expect(await next()).toEqual(['t0 waiting', 't1 waiting']);
    expect(await next()).toEqual(['running']);
    run.tests[1]!.state = 'running';
    change(1);
    expect(await next()).toEqual(['t1 running']);
    expect(await next()).toEqual(['running']);
    run.phase = 'finished';
    change();
    expect(await next()).toEqual(['finished']);
    expect(await next()).toBeUndefined();
    expect(listeners.size).toBe(0);
  });

  test('cost a slow reader nothing: it sees the newest of each, the head last', async () => {
    const { run, next, change } = aRun(200);
    await next();
    for (let time = 0; time < 10_000; time += 1) change(time % 200);
    const sizes: number[] = [];
    run.tests[199]!.state = 'ended';
    run.phase = 'finished';
    let last: string[] = [];
    for (let piece = await next(); piece !== undefined; piece = await next()) {
      sizes.push(piece.length);
      if (piece[0] !== 'finished') last = piece;
      else expect(last.at(-1)).toBe('t199 ended');
    }
    expect(sizes).toEqual([50, 50, 50, 50, 1]);
  });

  test('have a sign of life while nothing changes', async () => {
    const { next, clock } = aRun(1);
    for (let piece = 0; piece < 3; piece += 1) await next();
    const life = next();
    await settled();
    clock.advance(15_000);
    expect(await life).toEqual([':']);
  });

  test('end when nobody reads them any more', async () => {
    const { next, stop, clock, listeners } = aRun(1);
    for (let piece = 0; piece < 3; piece += 1) await next();
    const waiting = next();
    await settled();
    expect(listeners.size).toBe(1);
    stop.abort();
    expect(await waiting).toBeUndefined();
    expect([listeners.size, clock.timers]).toEqual([0, 0]);
  });

  test('over HTTP: who was told all is told nothing more', async () => {
    const { ask, lab, submit } = await apiLab();
    await lab.quick('n1');
    await submit({ suite: 'suite', files: [], tests: [testSpec([role('client')])] });
    const response = await ask('/api/v1/runs/1/events');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = (await response.text()).split('\n\n').filter((each) => each !== '');
    expect(events[0]).toBe('retry: 1000');
    expect(events.at(-1)).toMatch(/^id: finished\nevent: run\.changed\ndata: \{"run":1,.*"phase":"finished"/);
    const again = await ask('/api/v1/runs/1/events', { headers: { 'last-event-id': 'finished' } });
    expect([again.status, await again.text()]).toEqual([204, '']);
    expect((await ask('/api/v1/runs/2/events')).status).toBe(404);
  });
});
