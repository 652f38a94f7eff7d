import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS, type LogSource, TuttiError } from '@tutti/protocol';
import { eventually, FakeClock, rejection, settled } from '@tutti/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MasterCopies, MEMBER, MemberOnDisk, shipping, temporaryDirectory } from './member-on-disk.ts';

const NOTHING = { pending: 0, serving: 0, outgoing: 0, incoming: 0 };
const SOURCES: LogSource[] = ['stdout', 'stderr', 'events'];

/** Waits until the master has these bytes. */
const arrived = (copies: MasterCopies, source: LogSource, bytes: string) =>
  eventually(() => {
    expect(copies.log(source).bytes.toString()).toBe(bytes);
  });

describe('a member that runs', () => {
  test('has its logs at the master as they grow, by inotify alone: no time passes', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    member.append('stdout', 'before\n');
    const { clock } = shipping(member, copies);
    await arrived(copies, 'stdout', 'before\n');
    member.append('stdout', 'after\n');
    await arrived(copies, 'stdout', 'before\nafter\n');
    member.append('stderr', 'oops\n');
    await arrived(copies, 'stderr', 'oops\n');
    // The sweep is the only timer.
    expect(clock.timers).toBe(1);
  });

  test('is swept too, should inotify say nothing', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    const { clock } = shipping(member, copies);
    await arrived(copies, 'stdout', '');
    // Written elsewhere, moved in and back: the directory is watched, the file behind the link is not.
    const elsewhere = join(temporaryDirectory(), 'log');
    writeFileSync(elsewhere, '');
    symlinkSync(elsewhere, member.path('stdout'));
    await settled();
    writeFileSync(elsewhere, 'unseen');
    await eventually(() => {
      clock.advance(5000);
      expect(copies.log('stdout').bytes.toString()).toBe('unseen');
    });
  });

  test('whose log does not exist yet is shipped from when it does', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    shipping(member, copies);
    await eventually(() => copies.sinks.length === 3);
    expect(member.handles).toEqual([]);
    member.append('stderr', 'late');
    await arrived(copies, 'stderr', 'late');
  });

  test('has what it has written noted, all of its logs together', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    shipping(member, copies);
    member.append('stdout', '12345');
    member.append('events', '678');
    await arrived(copies, 'events', '678');
    member.append('stdout', '9');
    await arrived(copies, 'stdout', '123459');
    await eventually(() => {
      member.append('stderr', '');
      rmSync(join(member.dir, 'touched'), { force: true });
      writeFileSync(join(member.dir, 'touched'), '');
      expect(member.noted.at(-1)).toBe(9);
    });
  });

  test('where nothing can be watched is swept, and that is said', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    renameSync(member.dir, `${member.dir}-away`);
    const { clock, warnings, done } = shipping(member, copies);
    await eventually(() => warnings.length === 1);
    renameSync(`${member.dir}-away`, member.dir);
    member.append('stdout', 'swept');
    await eventually(() => {
      clock.advance(5000);
      expect(copies.log('stdout').bytes.toString()).toBe('swept');
    });
    member.over();
    await done;
  });
});

describe('a member that has ended', () => {
  test('has its end told once its calls are, then complete logs, then its artifacts, then that it is all', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    member.append('stdout', 'bytes\0\xff no newline');
    writeFileSync(join(member.out, 'a.txt'), 'artifact', { mode: 0o640 });
    symlinkSync('a.txt', join(member.out, 'link'));
    symlinkSync('/etc/passwd', join(member.out, 'out'));
    const { done, clock } = shipping(member, copies);
    const end = member.over();
    await done;
    expect(copies.ended).toEqual([{ member: MEMBER, end }]);
    expect(copies.log('stdout').bytes).toEqual(member.bytes('stdout'));
    const digest = createHash('sha256').update('artifact').digest('hex');
    expect([...copies.artifacts]).toEqual([
      ['a.txt', { bytes: Buffer.from('artifact'), mode: 0o640, digest }],
    ]);
    expect(copies.collected).toEqual([
      {
        member: MEMBER,
        links: [{ path: 'link', target: 'a.txt' }],
        skipped: [{ path: 'out', why: 'a link that leads out of $TUTTI_OUT, to /etc/passwd' }],
      },
    ]);
    expect(copies.sinks.map(({ sink }) => sink.ended)).toEqual(Array(4).fill('finished'));
    expect(member.handles).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test('is told and shipped on the next session again, which does no harm twice', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    member.append('stdout', 'once');
    const end = member.over();
    await shipping(member, copies).done;
    await shipping(member, copies).done;
    expect(copies.ended).toEqual([
      { member: MEMBER, end },
      { member: MEMBER, end },
    ]);
    expect(copies.log('stdout').bytes.toString()).toBe('once');
  });

  test('is shipped as far as its final lengths, and no further', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    const { done } = shipping(member, copies);
    await eventually(() => copies.sinks.length === 3);
    member.append('stdout', 'counted');
    await arrived(copies, 'stdout', 'counted');
    member.over();
    await done;
    member.append('stdout', ', and from a process that outlived it');
    await shipping(member, copies).done;
    expect(copies.log('stdout').bytes.toString()).toBe('counted');
  });

  test('of which the master has more than the disk, after a crash of the machine, is complete all the same', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    copies.log('stdout').append(Buffer.from('what the disk has, and what it lost'));
    member.append('stdout', 'what the disk has');
    member.over({ exit: { how: 'killed' } });
    await shipping(member, copies).done;
    expect(copies.log('stdout').bytes.toString()).toBe('what the disk has, and what it lost');
    expect(copies.collected).toHaveLength(1);
  });

  test('whose artifacts fail one by one has the others shipped, and the reasons told', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    for (const name of ['good', 'refused', 'full']) writeFileSync(join(member.out, name), name);
    copies.refuse = (target) => {
      if (target.to === 'artifact' && target.path === 'refused')
        throw new TuttiError('PATH_ESCAPES', 'not that one');
    };
    const accept = copies.accept;
    copies.accept = (target) => {
      const sink = accept(target);
      if (target.to === 'artifact' && target.path === 'full')
        void Object.assign(sink, {
          write: () => Promise.reject(new TuttiError('DISK_FULL', 'the master has no room')),
        });
      return sink;
    };
    const { done } = shipping(member, copies);
    member.over();
    await done;
    expect([...copies.artifacts.keys()]).toEqual(['good']);
    const skipped = new Map(copies.collected[0]!.skipped.map(({ path, why }) => [path, why]));
    expect(skipped.get('refused')).toBe('not that one');
    expect(skipped.get('full')).toBe('the master has no room');
    expect(skipped.size).toBe(2);
    expect(member.handles).toEqual([]);
  });

  test('whose artifacts vanish while they are shipped has the rest shipped, and each of them accounted for', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    for (let n = 0; n < 50; n += 1) writeFileSync(join(member.out, `${n}`), `${n}`);
    copies.refuse = ({ to }) => {
      if (to === 'artifact') rmSync(member.out, { recursive: true, force: true });
    };
    const { done } = shipping(member, copies);
    member.over();
    await done;
    const { skipped } = copies.collected[0]!;
    expect(skipped.length + copies.artifacts.size).toBe(50);
    expect(copies.artifacts.size).toBeGreaterThan(0);
    expect(skipped.length).toBeGreaterThan(30);
    for (const { why } of skipped) expect(why).toContain('ENOENT');
  });

  test('that has removed its own $TUTTI_OUT is collected all the same', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    rmSync(member.out, { recursive: true });
    const { done } = shipping(member, copies);
    member.over();
    await done;
    expect(copies.collected[0]!.skipped).toEqual([
      { path: '.', why: expect.stringContaining('ENOENT') as string },
    ]);
  });

  test('with more links than one message holds is collected all the same', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    const target = 't'.repeat(4000);
    for (let n = 0; n < 300; n += 1) symlinkSync(`${target}${n}`, join(member.out, `link-${n}`));
    const { done } = shipping(member, copies);
    member.over();
    await done;
    expect(JSON.stringify(copies.collected[0]).length).toBeLessThan(LIMITS.frame.value);
  });

  test('with hundreds of files at any depth has each of them shipped', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    for (let n = 0; n < 300; n += 1) {
      mkdirSync(join(member.out, `d${n % 7}`), { recursive: true });
      writeFileSync(join(member.out, `d${n % 7}/f${n}`), `${n}`);
    }
    const { done } = shipping(member, copies);
    member.over();
    await done;
    expect(copies.artifacts.size).toBe(300);
    for (const [path, { bytes }] of copies.artifacts)
      expect(path.endsWith(`f${bytes.toString()}`)).toBe(true);
  });
});

describe('when the session ends', () => {
  test('the shipping ends with its reason and holds nothing any more', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    member.append('stdout', 'x');
    const { done, pair, clock } = shipping(member, copies);
    await arrived(copies, 'stdout', 'x');
    expect(member.handles).toEqual([member.path('stdout')]);
    pair.cut();
    await expect(done).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    expect(member.handles).toEqual([]);
    expect(member.ends.size).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('what is on the way when it ends is sent again from the length that the master names', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    const bytes = 'abcdefghij'.repeat(100_000);
    member.append('stdout', bytes);
    const first = shipping(member, copies);
    first.pair.leftToRight.hold();
    first.pair.leftToRight.pass(200_000);
    await eventually(() => copies.log('stdout').length > 0);
    first.pair.cut();
    await rejection(first.done);
    const partly = copies.log('stdout').length;
    expect(partly).toBeLessThan(bytes.length);
    const { done } = shipping(member, copies);
    member.over();
    await done;
    expect(copies.log('stdout').bytes.toString()).toBe(bytes);
  });

  test('the end that was not answered is told again', async () => {
    const member = new MemberOnDisk();
    const copies = new MasterCopies();
    const end = member.over();
    copies.answerEnd = () => new Promise(() => {});
    const first = shipping(member, copies);
    await eventually(() => copies.ended.length === 1);
    first.pair.cut();
    await expect(first.done).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    expect(copies.collected).toEqual([]);
    copies.answerEnd = () => Promise.resolve();
    await shipping(member, copies).done;
    expect(copies.ended).toEqual([
      { member: MEMBER, end },
      { member: MEMBER, end },
    ]);
    expect(copies.collected).toHaveLength(1);
  });
});

test('a member that is forgotten on a living session leaves nothing open, here or at the master', async () => {
  const member = new MemberOnDisk();
  const copies = new MasterCopies();
  member.append('stdout', 'x');
  const { done, dialled, master, clock } = shipping(member, copies);
  await arrived(copies, 'stdout', 'x');
  member.ends.drop(MEMBER);
  await expect(done).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(member.handles).toEqual([]);
  expect(clock.timers).toBe(0);
  await eventually(() => {
    expect(dialled.debugState()).toEqual(NOTHING);
    expect(master.debugState()).toEqual(NOTHING);
  });
  expect(dialled.closed).toBeUndefined();
});

test('a member that the master does not know is not shipped, and says so', async () => {
  const member = new MemberOnDisk();
  const copies = new MasterCopies();
  copies.refuse = () => {
    throw new TuttiError('NO_SUCH_MEMBER', 'its attempt is over');
  };
  const { done } = shipping(member, copies);
  await expect(done).rejects.toMatchObject({ code: 'NO_SUCH_MEMBER' });
});

/** What happens to a member, in an order that nobody foresaw. */
type Step =
  | { is: 'append'; source: LogSource; bytes: Uint8Array }
  /** The network takes that many bytes more, then nothing. */
  | { is: 'stall'; after: number }
  | { is: 'cut' }
  | { is: 'turn' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('append' as const),
      source: fc.constantFrom(...SOURCES),
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        fc.integer({ min: 1, max: 200_000 }).map((size) => new Uint8Array(size).fill(size & 0xff)),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant('stall' as const), after: fc.integer({ min: 0, max: 150_000 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ is: 'cut' as const }) },
  { weight: 3, arbitrary: fc.constant({ is: 'turn' as const }) },
);

test('however the logs grow and the sessions break, the master’s copies are identical to the byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(30), async (steps, endAt) => {
      const member = new MemberOnDisk();
      const copies = new MasterCopies();
      const clock = new FakeClock();
      let under = shipping(member, copies, clock);
      let sessions = 1;
      for (const [index, each] of steps.entries()) {
        if (index === endAt) member.over();
        // After its end nothing grows.
        if (each.is === 'append' && index < endAt) member.append(each.source, each.bytes);
        if (each.is === 'stall') {
          under.pair.leftToRight.hold();
          under.pair.leftToRight.pass(each.after);
        }
        if (each.is === 'cut') {
          under.pair.cut();
          await rejection(under.done).catch(() => undefined);
          under = shipping(member, copies, clock);
          sessions += 1;
        }
        if (each.is === 'turn') for (let turn = 0; turn < 5; turn += 1) await settled();
      }
      const end = member.over();
      under.pair.leftToRight.release();
      await under.done;
      for (const source of SOURCES) {
        const bytes = member.bytes(source);
        expect(copies.log(source).bytes.equals(bytes)).toBe(true);
        expect(end.logs.find((log) => log.source === source)?.length).toBe(bytes.byteLength);
      }
      expect(copies.ended.length).toBeLessThanOrEqual(sessions);
      expect(copies.ended.at(-1)).toEqual({ member: MEMBER, end });
      expect(member.handles).toEqual([]);
      expect(clock.timers).toBe(0);
      expect(under.dialled.debugState()).toEqual(NOTHING);
    }),
    { numRuns: 150 },
  );
}, 60_000);
