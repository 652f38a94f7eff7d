/** What webhooks are told of runs, in which order, how often, and across masters. */
import { join } from 'node:path';
import { Notification } from '@tutti/protocol';
import { FakeClock, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { Notifier } from '../../src/notify/notifier.ts';
import type { Delivery, Outcome } from '../../src/notify/post.ts';
import type { Run } from '../../src/runs/model.ts';
import { planTests } from '../../src/runs/plan.ts';
import { Store } from '../../src/store/store.ts';
import { id, quiet } from '../lab.ts';
import { attempt, role, testSpec } from '../runs/a-test.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const HOOK = 'https://hook.example/a';
const OTHER = 'https://hook.example/b';

function aRun(number = 1, notify?: string[]): Run {
  const spec = {
    suite: 'a suite',
    files: [],
    tests: [testSpec([role('a')]), testSpec([role('a')], { name: 'second' })],
    ...(notify === undefined ? {} : { notify }),
  };
  return {
    ...{ number, id: id(String(number)), spec, dir: `/runs/${number}`, owned: false, priority: 0 },
    ...{ tests: planTests(spec), phase: 'queued', started: 1000, cast: [] },
    ...{ agents: new Map(), facts: new Map() },
  };
}

class Lab {
  readonly clock = new FakeClock();
  readonly sent: Delivery[] = [];
  readonly path: string;
  answers: (delivery: Delivery) => Outcome | Promise<Outcome> = () => ({ is: 'delivered' });
  store!: Store;
  notifier!: Notifier;
  #ofTheStore = 0;

  private constructor(path: string) {
    this.path = path;
  }

  static async open(urls: string[] = [HOOK]): Promise<Lab> {
    const lab = new Lab(join(await temporaryDirectory(), 'master.db'));
    lab.#start(urls);
    return lab;
  }

  /** Another master, as after a kill. */
  restart(urls: string[] = [HOOK]): void {
    this.notifier.close();
    this.#start(urls);
  }

  get said(): string[] {
    return this.sent.map(({ url, event }) => `${event} to ${url.at(-1)}`);
  }

  async create(run: Run): Promise<Run> {
    await this.store.runs.create(run);
    await this.quiet();
    return run;
  }

  async save(run: Run): Promise<void> {
    await this.store.runs.saveRun(run);
    await this.quiet();
  }

  /** The run has its machines. */
  async begin(run: Run): Promise<void> {
    run.phase = 'allocated';
    run.allocated = 1000;
    await this.save(run);
  }

  async end(run: Run, index: number, status: 'PASS' | 'FAIL'): Promise<void> {
    const [which] = run.tests.slice(index);
    if (which === undefined) throw new Error('no such test');
    which.attempts.push(attempt([]));
    which.status = status;
    if (status === 'FAIL') which.cause = 'it broke';
    await this.store.runs.saveTest(run, which);
    await this.quiet();
  }

  async finish(run: Run): Promise<void> {
    run.phase = 'finished';
    run.status = 'FAIL';
    await this.save(run);
  }

  async quiet(): Promise<void> {
    await this.store.committed();
    await settled();
    // What was delivered is settled.
    await this.store.committed();
  }

  /** Timers of the notifier. */
  get timers(): number {
    return this.clock.timers - this.#ofTheStore;
  }

  #start(urls: string[]): void {
    this.store = Store.open({ path: this.path, clock: this.clock, log: quiet });
    this.#ofTheStore = this.clock.timers;
    this.notifier = new Notifier({
      ...{
        rows: this.store.notifications,
        urls,
        master: id('a'),
        clock: this.clock,
        random: () => 1,
        log: quiet,
      },
      post: async (delivery) => {
        this.sent.push(delivery);
        return this.answers(delivery);
      },
    });
    this.store.runs.watch((run) => this.notifier.note(run));
  }
}

describe('a webhook', () => {
  test('is told that a run starts, first fails, and finishes, each once', async () => {
    const lab = await Lab.open();
    const run = await lab.create(aRun());
    await lab.save(run);
    expect(lab.said).toEqual([]);
    await lab.begin(run);
    await lab.save(run);
    await lab.end(run, 0, 'FAIL');
    await lab.end(run, 1, 'FAIL');
    await lab.finish(run);
    await lab.save(run);
    expect(lab.said).toEqual(['started to a', 'first-failure to a', 'finished to a']);
    const bodies = lab.sent.map(({ body }) => Notification.parse(JSON.parse(body)));
    expect(bodies.map(({ delivery }) => delivery)).toEqual(lab.sent.map((each) => each.id));
    expect(bodies[1]).toMatchObject({
      event: 'first-failure',
      run: { number: 1, suite: 'a suite', summary: { total: 2, fail: 1 } },
      failure: { test: 'throughput', status: 'FAIL', cause: 'it broke' },
    });
    expect(bodies[1]?.run).not.toHaveProperty('status');
    expect(bodies[2]).toMatchObject({ run: { status: 'FAIL', summary: { fail: 2 } } });
    expect(lab.notifier.debugState()).toEqual({ notificationsOwed: 0 });
  });

  test('is not told of a failure when there is none, nor of a run that was cancelled before it began', async () => {
    const lab = await Lab.open();
    const run = await lab.create(aRun());
    for (const each of run.tests) each.status = 'INTERRUPTED';
    await lab.finish(run);
    expect(lab.said).toEqual(['finished to a']);
  });

  test('of the run hears of that run alone', async () => {
    const lab = await Lab.open();
    await lab.begin(await lab.create(aRun(1, [OTHER, HOOK])));
    await lab.begin(await lab.create(aRun(2)));
    expect(lab.said.toSorted()).toEqual(['started to a', 'started to a', 'started to b']);
  });

  test('that does not answer well is asked again, later and later, under the same id, in order', async () => {
    const lab = await Lab.open();
    lab.answers = () => ({ is: 'failed', why: 'no' });
    const run = await lab.create(aRun());
    await lab.begin(run);
    await lab.end(run, 0, 'FAIL');
    expect(lab.said).toEqual(['started to a']);
    lab.clock.advance(999);
    await lab.quiet();
    expect(lab.sent).toHaveLength(1);
    lab.clock.advance(1);
    await lab.quiet();
    expect(lab.sent).toHaveLength(2);
    lab.answers = () => ({ is: 'delivered' });
    lab.clock.advance(2000);
    await lab.quiet();
    expect(lab.said).toEqual(['started to a', 'started to a', 'started to a', 'first-failure to a']);
    expect(new Set(lab.sent.slice(0, 3).map((each) => each.id)).size).toBe(1);
    expect(lab.timers).toBe(0);
  });

  test('that is gone for ever is given up after an hour, and what follows is tried', async () => {
    const lab = await Lab.open();
    lab.answers = ({ event }) => (event === 'started' ? { is: 'failed', why: 'no' } : { is: 'delivered' });
    const run = await lab.create(aRun());
    await lab.begin(run);
    await lab.finish(run);
    for (let minute = 0; minute < 66; minute += 1) {
      lab.clock.advance(60_000);
      await lab.quiet();
    }
    expect(lab.said.at(-1)).toBe('finished to a');
    expect(lab.notifier.debugState()).toEqual({ notificationsOwed: 0 });
    expect(lab.sent.length).toBeGreaterThan(12);
    expect(lab.sent.length).toBeLessThan(40);
  });

  test('that says it is gone is not asked again', async () => {
    const lab = await Lab.open();
    lab.answers = () => ({ is: 'gone', why: 'no' });
    await lab.begin(await lab.create(aRun()));
    expect(lab.notifier.debugState()).toEqual({ notificationsOwed: 0 });
  });

  test('that hangs keeps neither the run nor other webhooks', async () => {
    const lab = await Lab.open([HOOK, OTHER]);
    lab.answers = ({ url }) => (url === HOOK ? new Promise<Outcome>(() => {}) : { is: 'delivered' });
    const run = await lab.create(aRun());
    await lab.begin(run);
    await lab.finish(run);
    expect(lab.said.toSorted()).toEqual(['finished to b', 'started to a', 'started to b']);
  });
});

describe('a master that is killed', () => {
  test('leaves what it owes to the next one', async () => {
    const lab = await Lab.open();
    lab.answers = () => new Promise<Outcome>(() => {});
    const run = await lab.create(aRun());
    await lab.begin(run);
    await lab.finish(run);
    expect(lab.said).toEqual(['started to a']);
    lab.answers = () => ({ is: 'delivered' });
    lab.restart();
    await lab.quiet();
    // Whether the first was received is not known: it has the same id.
    expect(lab.said).toEqual(['started to a', 'started to a', 'finished to a']);
    expect(lab.sent[0]?.id).toBe(lab.sent[1]?.id);
    lab.restart();
    await lab.quiet();
    expect(lab.sent).toHaveLength(3);
  });

  test('does not tell again what was told, when the run goes on', async () => {
    const lab = await Lab.open();
    const run = await lab.create(aRun());
    await lab.begin(run);
    lab.restart();
    await lab.save(run);
    await lab.finish(run);
    expect(lab.said).toEqual(['started to a', 'finished to a']);
  });

  test('before it could be sent at all for hours: it is tried once more', async () => {
    const lab = await Lab.open();
    lab.answers = () => ({ is: 'failed', why: 'no' });
    await lab.begin(await lab.create(aRun()));
    lab.notifier.close();
    lab.clock.advance(10 * 3_600_000);
    lab.restart();
    await lab.quiet();
    expect(lab.sent).toHaveLength(2);
    expect(lab.notifier.debugState()).toEqual({ notificationsOwed: 0 });
  });
});

describe('the end of a master that nobody goes on for', () => {
  test('waits for what is being sent', async () => {
    const lab = await Lab.open();
    const answer = Promise.withResolvers<Outcome>();
    lab.answers = () => answer.promise;
    await lab.begin(await lab.create(aRun()));
    let drained = false;
    const draining = lab.notifier.drain(3000).then(() => (drained = true));
    await settled();
    expect(drained).toBe(false);
    answer.resolve({ is: 'delivered' });
    await draining;
    expect(lab.timers).toBe(0);
  });

  test('but not for ever, and not for a next try', async () => {
    const lab = await Lab.open();
    lab.answers = () => new Promise<Outcome>(() => {});
    await lab.begin(await lab.create(aRun()));
    const draining = lab.notifier.drain(3000);
    await settled();
    lab.clock.advance(3000);
    await draining;
    expect(lab.notifier.debugState()).toEqual({ notificationsOwed: 1 });
  });
});
