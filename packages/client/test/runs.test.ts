/** What programs ask of runs: lists, numbers, repetitions, reports, and the end of one that they did not submit. */
import { type CallParams, type RunRow, TuttiError } from '@tutti/protocol';
import { eventually, MemorySource, rejection } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { listRuns, runNumber } from '../src/list-runs.ts';
import { rerunRun } from '../src/rerun-run.ts';
import { fetchReport, fetchReportData } from '../src/results/fetch-report.ts';
import { watchRun } from '../src/watch-run.ts';
import { connect, FakeMaster, head, testView } from './fake-master.ts';

const row = (run: number): RunRow => ({
  ...head({ run, phase: 'finished', status: 'PASS' }),
  ...{ started: 1000.4, priority: 0, done: 1, notOk: 0 },
});

describe('the list of runs', () => {
  test('is asked for by pages, as far as it is wanted', async () => {
    const master = await FakeMaster.open();
    const asked: unknown[] = [];
    master.handlers = {
      'runs.list': (query) => {
        asked.push(query);
        const from = (query.before ?? 8) - 1;
        return { runs: [row(from), row(from - 1), row(from - 2)], more: from > 4 };
      },
    };
    const { client } = await connect(master);
    const numbers = async (most?: number) =>
      (await listRuns(client, { suite: 's*' }, most)).map(({ run, started }) => [run, started]);
    expect(await numbers(2)).toEqual([
      [7, 1000],
      [6, 1000],
    ]);
    expect((await numbers()).map(([run]) => run)).toEqual([7, 6, 5, 4, 3, 2]);
    expect(asked).toEqual([{ suite: 's*' }, { suite: 's*' }, { suite: 's*', before: 5 }]);
  });

  test('says which run is the last', async () => {
    const master = await FakeMaster.open();
    let runs = [row(12)];
    master.handlers = { 'runs.list': () => ({ runs, more: false }) };
    const { client } = await connect(master);
    expect([await runNumber(client, 'last'), await runNumber(client, 'latest')]).toEqual([12, 12]);
    expect(await runNumber(client, '7')).toBe(7);
    for (const words of ['0', '-1', '1.5', 'first', ''])
      expect(await rejection(runNumber(client, words))).toMatchObject({ code: 'USAGE' });
    runs = [];
    expect(await rejection(runNumber(client, 'last'))).toMatchObject({ code: 'NO_SUCH_RUN' });
  });
});

test('a run is repeated once, though the connection is lost before the answer', async () => {
  const master = await FakeMaster.open();
  const asked: CallParams<'run.rerun'>[] = [];
  master.handlers = {
    'run.rerun': (params) => {
      asked.push(params);
      if (asked.length > 1) return { run: 13 };
      master.cut();
      return new Promise(() => {});
    },
  };
  const { client, sessions } = await connect(master);
  const repeated = rerunRun(client, 12, { failed: true, priority: 3 });
  await sessions(2);
  expect(await repeated).toBe(13);
  expect(asked[0]).toMatchObject({ run: 12, failed: true, priority: 3 });
  expect(asked[1]).toEqual(asked[0]);
});

describe('a report', () => {
  /** Its connection is lost `times` times in the middle. */
  async function masterWith(text: string, times = 0) {
    const master = await FakeMaster.open();
    let left = times;
    master.handlers = {
      'run.report': async ({ run }) => {
        const target = { to: 'result', run, path: 'report.yaml', size: text.length, mode: 0o644 } as const;
        const stream = await master.session.openStream(target, new MemorySource(Buffer.from(text)));
        if (left > 0) {
          left -= 1;
          await stream.reached(text.length);
          master.cut();
        }
        await stream.finish(text.length);
        return { files: 1 };
      },
    };
    return master;
  }

  test('is what the master has, once, also over a lost connection', async () => {
    const master = await masterWith('status: PASS\n', 1);
    const { client, sessions } = await connect(master);
    const fetched = fetchReport(client, 7, 'yaml');
    await sessions(2);
    expect(String(await fetched)).toBe('status: PASS\n');
    expect(client.debugState().fetches).toBe(0);
  });

  test('that is none is told by its name', async () => {
    const { client } = await connect(await masterWith('status: PASS\n'));
    expect(await rejection(fetchReportData(client, 7))).toMatchObject({
      code: 'BAD_RESULT',
      message: expect.stringContaining('report.yaml of run 7') as string,
    });
  });

  test('that is not there yet is told', async () => {
    const master = await FakeMaster.open();
    master.handlers = { 'run.report': () => ({ files: 0 }) };
    const { client } = await connect(master);
    expect(await rejection(fetchReport(client, 7, 'junit'))).toMatchObject({
      code: 'NO_SUCH_REPORT',
      message: 'run 7 has no junit.xml yet',
    });
  });
});

describe('a run of somebody else', () => {
  test('is watched to its end, across connections, and is not submitted', async () => {
    const master = await FakeMaster.open();
    master.handlers = { 'run.watch': () => ({}) };
    const { client, sessions } = await connect(master);
    const phases: string[] = [];
    const watched = watchRun(client, 7, ({ phase }) => phases.push(phase));
    await eventually(() => master.count('run.watch') === 1);
    master.session.emit('run.changed', head({ phase: 'running' }));
    await eventually(() => phases.length === 1);
    master.cut();
    const session = await sessions(2);
    await eventually(() => master.count('run.watch') === 2);
    session.emit('test.changed', { run: 7, index: 0, test: testView({ state: 'ended', status: 'FAIL' }) });
    session.emit('run.changed', head({ phase: 'finished', status: 'FAIL', exit: 1 }));
    expect(await watched).toMatchObject({ status: 'FAIL', exit: 1, tests: [{ status: 'FAIL' }] });
    expect(master.count('run.submit')).toBe(0);
    expect(client.debugState().listeners).toBe(0);
  });

  test('that never was is told; one that its master has lost is an ERROR', async () => {
    const master = await FakeMaster.open();
    let known = false;
    master.handlers = {
      'run.watch': () => {
        if (!known) throw new TuttiError('NO_SUCH_RUN', 'no run 7');
        return {};
      },
    };
    const { client, sessions } = await connect(master);
    expect(await rejection(watchRun(client, 7))).toMatchObject({ code: 'NO_SUCH_RUN' });
    known = true;
    const phases: string[] = [];
    const watched = watchRun(client, 7, ({ phase }) => phases.push(phase));
    await eventually(() => master.count('run.watch') === 2);
    master.session.emit('run.changed', head());
    await eventually(() => phases.length === 1);
    known = false;
    master.cut();
    await sessions(2);
    expect(await watched).toMatchObject({ status: 'ERROR', exit: 2 });
  });

  test('is whole from the first view on, though another watch of the same client hears of it meanwhile', async () => {
    const master = await FakeMaster.open();
    master.handlers = {
      'run.watch': () => {
        master.session.emit('run.changed', head({ run: 7, phase: 'running' }));
        master.session.emit('test.changed', { run: 7, index: 0, test: testView() });
        master.session.emit('run.changed', head({ run: 7, phase: 'running' }));
        return {};
      },
    };
    const { client } = await connect(master);
    const stop = new AbortController();
    const seen: number[] = [];
    const watched = watchRun(client, 7, ({ tests }) => seen.push(tests.length), stop.signal);
    await eventually(() => seen.length > 0);
    expect(seen).toEqual([1]);
    stop.abort(new Error('enough'));
    await expect(watched).rejects.toThrow('enough');
  });

  test('is left alone when the signal is aborted', async () => {
    const master = await FakeMaster.open();
    master.handlers = { 'run.watch': () => ({}) };
    const { client } = await connect(master);
    const stop = new AbortController();
    const watched = watchRun(client, 7, undefined, stop.signal);
    await eventually(() => master.count('run.watch') === 1);
    stop.abort(new Error('enough'));
    await expect(watched).rejects.toThrow('enough');
    expect(master.count('run.cancel')).toBe(0);
    expect(client.debugState().listeners).toBe(0);
  });
});
