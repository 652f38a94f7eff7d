/** A master that stays away: its members are stopped, and in the end nothing of them is kept. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, FakeClock } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { beyond } from '../../src/members/retention.ts';
import { Absence, type AbsenceOptions } from '../../src/ship/absence.ts';
import type { Log } from '../../src/system/log.ts';
import { temporaryDirectory } from './member-on-disk.ts';

class Lab {
  readonly dir = temporaryDirectory();
  readonly clock = new FakeClock();
  readonly running = new Set<string>();
  /** Oldest first. */
  readonly ended: string[] = [];
  readonly stopped: string[] = [];
  readonly forgotten: string[] = [];

  absence(more: Partial<AbsenceOptions> = {}): Absence {
    const quiet = () => {};
    const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    return new Absence({
      stateDir: this.dir,
      clock: this.clock,
      bootId: 'boot-0',
      log,
      orphan: 3600,
      keepFor: 7200,
      keepBytes: 100_000,
      members: this.#members(),
      ...more,
    });
  }

  end(member: string, bytes: number): void {
    mkdirSync(join(this.dir, member));
    writeFileSync(join(this.dir, member, 'stdout.0'), Buffer.alloc(bytes));
    this.ended.push(member);
  }

  #members(): AbsenceOptions['members'] {
    const isBusy = () => this.running.size > 0;
    return {
      get busy() {
        return isBusy();
      },
      presence: () =>
        [...this.running, ...this.ended].map((member) => ({ member, master: '', state: 'running' as const })),
      stopAll: (reason) => {
        for (const member of this.running) this.stopped.push(`${member} ${reason}`);
        this.running.clear();
      },
      idle: async () => this.ended.map((member) => ({ member, dir: join(this.dir, member), since: 0 })),
      forget: async (member) => {
        this.forgotten.push(member);
        this.ended.splice(this.ended.indexOf(member), 1);
      },
    };
  }
}

describe('members that run', () => {
  test('are stopped after the time, not before', () => {
    const lab = new Lab();
    lab.running.add('a');
    const absence = lab.absence();
    absence.resume();
    lab.clock.advance(3_599_000);
    expect(lab.stopped).toEqual([]);
    lab.clock.advance(1000);
    expect(lab.stopped).toEqual(['a orphaned']);
  });

  test('go on when the master comes back in time; its next absence counts from its own begin', () => {
    const lab = new Lab();
    lab.running.add('a');
    const absence = lab.absence();
    absence.resume();
    lab.clock.advance(3_000_000);
    absence.end();
    lab.clock.advance(10_000_000);
    absence.begin();
    absence.begin();
    lab.clock.advance(3_599_000);
    expect(lab.stopped).toEqual([]);
    lab.clock.advance(1000);
    expect(lab.stopped).toEqual(['a orphaned']);
  });

  test('are stopped in time across restarts of the agent and of the machine', async () => {
    const lab = new Lab();
    lab.running.add('a');
    const first = lab.absence();
    first.resume();
    lab.clock.advance(1_800_000);
    await first.close();
    lab.clock.advance(50_000_000);
    const second = lab.absence({ bootId: 'boot-1' });
    second.resume();
    lab.clock.advance(1_799_000);
    expect(lab.stopped).toEqual([]);
    lab.clock.advance(1000);
    expect(lab.stopped).toEqual(['a orphaned']);
    await second.close();
  });
});

describe('what ended members left', () => {
  test('goes when there is too much of it, oldest first, and not before members would be stopped', async () => {
    const lab = new Lab();
    for (const name of ['a', 'b', 'c']) lab.end(name, 60_000);
    const absence = lab.absence();
    absence.resume();
    lab.clock.advance(3_599_000);
    expect(lab.forgotten).toEqual([]);
    lab.clock.advance(1000);
    await eventually(() => lab.forgotten.length === 2);
    expect(lab.forgotten).toEqual(['a', 'b']);
    await absence.close();
  });

  test('all goes in the end', async () => {
    const lab = new Lab();
    for (const name of ['a', 'b']) lab.end(name, 1000);
    const absence = lab.absence();
    absence.resume();
    lab.clock.advance(7_199_000);
    expect(lab.forgotten).toEqual([]);
    lab.clock.advance(1000);
    await eventually(() => lab.forgotten.length === 2);
    await absence.close();
  });

  test('stays as long as the master is there, however much it is', async () => {
    const lab = new Lab();
    for (const name of ['a', 'b', 'c']) lab.end(name, 1_000_000);
    const absence = lab.absence();
    absence.resume();
    absence.end();
    lab.clock.advance(1_000_000_000);
    await absence.close();
    expect(lab.forgotten).toEqual([]);
    expect(existsSync(join(lab.dir, 'absence.json'))).toBe(false);
  });
});

test('the oldest go until the rest is within the limit', () => {
  const kept = [4, 3, 2, 1].map((bytes) => ({ member: String(bytes), bytes }));
  expect(beyond(kept, 10)).toEqual([]);
  expect(beyond(kept, 9)).toEqual(['4']);
  expect(beyond(kept, 5)).toEqual(['4', '3']);
  expect(beyond(kept, 0)).toEqual(['4', '3', '2', '1']);
});
