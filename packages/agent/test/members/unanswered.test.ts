import { existsSync } from 'node:fs';
import { TuttiError } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { Layout } from '../../src/members/layout.ts';
import { Unanswered } from '../../src/members/unanswered.ts';
import { temporaryDirectory } from '../ship/member-on-disk.ts';

interface Arrival {
  /** What the master says. */
  release: () => void;
  fail: (error: Error) => void;
  /** The caller goes. */
  go: () => void;
  told: Promise<unknown>;
}

/** Arrivals of one incarnation, and what it has on the disk. */
class Stage {
  readonly layout: Layout;
  readonly unanswered: Unanswered;

  constructor(layout: Layout) {
    this.layout = layout;
    this.unanswered = new Unanswered(layout);
  }

  static open(): Stage {
    return new Stage(new Layout(temporaryDirectory()));
  }

  async arrive(request: string, args: object = { name: 'ready' }): Promise<Arrival> {
    const master = Promise.withResolvers<unknown>();
    const asked = Promise.withResolvers<void>();
    const stop = new AbortController();
    const ask = () => {
      asked.resolve();
      return master.promise;
    };
    const what = { member: 'm', request, at: 0, args };
    const told = this.unanswered.watch(ask, 'barrier', what, stop.signal).catch((error: unknown) => error);
    await asked.promise;
    return {
      release: () => master.resolve('released'),
      fail: master.reject,
      go: () => {
        stop.abort();
        master.reject(new TuttiError('CANCELLED', 'the caller has gone'));
      },
      told,
    };
  }

  get left(): string[] {
    return Unanswered.read(this.layout).map(({ request }) => request);
  }
}

describe('before a reboot is announced', () => {
  test('nothing is written', async () => {
    const stage = Stage.open();
    (await stage.arrive('a')).release();
    expect(existsSync(stage.layout.unanswered)).toBe(false);
    expect(stage.left).toEqual([]);
  });

  test('who goes has given up, and who was told is told', async () => {
    const stage = Stage.open();
    const [gone, told, waiting] = [
      await stage.arrive('gone', { name: 'one' }),
      await stage.arrive('told', { name: 'two' }),
      await stage.arrive('waiting', { name: 'three', scope: 'run' }),
    ];
    gone.go();
    told.release();
    await Promise.all([gone.told, told.told]);
    await stage.unanswered.record();
    expect(Unanswered.read(stage.layout)).toEqual([{ name: 'three', request: 'waiting', scope: 'run' }]);
    waiting.release();
    expect(await waiting.told).toBe('released');
    expect(stage.left).toEqual([]);
  });
});

describe('from the announcement on', () => {
  test('an arrival is written down before the master hears of it, and struck out before the script is told', async () => {
    const stage = Stage.open();
    await stage.unanswered.record();
    const arrival = await stage.arrive('a');
    expect(stage.left, 'the master is being asked').toEqual(['a']);
    const whenTold = arrival.told.then(() => stage.left);
    arrival.release();
    expect(await whenTold).toEqual([]);
  });

  test('who goes has not been answered, however the call ended', async () => {
    const stage = Stage.open();
    const before = await stage.arrive('before', { name: 'one' });
    await stage.unanswered.record();
    const after = await stage.arrive('after', { name: 'two' });
    before.go();
    after.go();
    await Promise.all([before.told, after.told]);
    expect(stage.left).toEqual(['before', 'after']);
  });

  test('neither has who is told that the agent stops; another failure is an answer', async () => {
    const stage = Stage.open();
    await stage.unanswered.record();
    const [stopped, broken] = [
      await stage.arrive('stopped', { name: 'one' }),
      await stage.arrive('broken', { name: 'two' }),
    ];
    stopped.fail(new TuttiError('NOT_CONNECTED', 'agent n1 was stopped'));
    broken.fail(new TuttiError('BARRIER_BROKEN', 'missing client.1'));
    await Promise.all([stopped.told, broken.told]);
    expect(stage.left).toEqual(['stopped']);
  });

  test('a new arrival at the same barrier takes the place of one whose caller has gone, and of no other', async () => {
    const stage = Stage.open();
    await stage.unanswered.record();
    const gone = await stage.arrive('gone');
    await stage.arrive('in run scope', { name: 'ready', scope: 'run' });
    gone.go();
    await gone.told;
    await stage.arrive('waits');
    const refused = await stage.arrive('refused');
    refused.fail(new TuttiError('ALREADY_ARRIVED', 'waits already'));
    await refused.told;
    expect(stage.left).toEqual(['in run scope', 'waits']);
  });

  test('a caller that comes back after a withdrawal is the one that counts', async () => {
    const stage = Stage.open();
    const first = await stage.arrive('a');
    const second = await stage.arrive('a');
    first.go();
    await first.told;
    await stage.unanswered.record();
    expect(stage.left).toEqual(['a']);
    second.release();
    await second.told;
    expect(stage.left).toEqual([]);
  });

  test('the next agent of the same boot goes on with it', async () => {
    const before = Stage.open();
    await before.unanswered.record();
    await before.arrive('repeated', { name: 'one' });
    await before.arrive('forgotten', { name: 'two' });
    const after = new Stage(before.layout);
    after.unanswered.resume();
    const again = await after.arrive('repeated', { name: 'one' });
    again.release();
    await again.told;
    expect(after.left).toEqual(['forgotten']);
  });

  test('nothing is left of it when there is no reboot after all', async () => {
    const stage = Stage.open();
    await stage.arrive('a');
    await stage.unanswered.record();
    await stage.unanswered.discard();
    expect(existsSync(stage.layout.unanswered)).toBe(false);
  });
});
