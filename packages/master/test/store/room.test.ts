import { FakeClock, settled } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { DiskRoom } from '../../src/store/room.ts';

const MIB = 1024 ** 2;

function setUp(free: number) {
  const said: string[] = [];
  const disk = { free };
  const clock = new FakeClock();
  const say = (message: string) => void said.push(message);
  const room = new DiskRoom({
    path: '/there',
    minFree: 100 * MIB,
    clock,
    log: { warn: say, info: say },
    freeBytes: async () => disk.free,
  });
  return { disk, clock, said, room };
}

function watched(promise: Promise<void> | undefined) {
  const seen = { gone: promise === undefined };
  void promise?.then(() => {
    seen.gone = true;
  });
  return seen;
}

test('there is room for new runs while enough of the disk is free, and else it is said how much there is', async () => {
  await setUp(100 * MIB).room.require();
  await expect(setUp(99 * MIB).room.require()).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: 'the disk of /there has 99 MiB left, and the master takes new runs only above 100 MiB',
  });
});

test('the real disk is asked when nothing else is given', async () => {
  const options = { path: '/', clock: new FakeClock(), log: { warn: () => {}, info: () => {} } };
  await new DiskRoom({ ...options, minFree: 1 }).require();
  await expect(new DiskRoom({ ...options, minFree: Number.MAX_SAFE_INTEGER }).require()).rejects.toThrow(
    /^the disk of \/ has \d+ MiB left/,
  );
  await expect(new DiskRoom({ ...options, path: '/none', minFree: 1 }).require()).rejects.toThrow(/none/);
});

test('bulk goes on while there is room, which is looked at once a second', async () => {
  const { room, clock, disk } = setUp(200 * MIB);
  await room.forBulk();
  disk.free = 0;
  expect(room.forBulk()).toBeUndefined();
  clock.advance(1000);
  expect(room.forBulk()).toBeInstanceOf(Promise);
  room.close();
});

test('bulk waits while there is none, and goes on when there is again; both are said once', async () => {
  const { room, clock, disk, said } = setUp(50 * MIB);
  const first = watched(room.forBulk());
  const second = watched(room.forBulk());
  await settled();
  clock.advance(1000);
  await settled();
  expect([first.gone, second.gone]).toEqual([false, false]);
  disk.free = 100 * MIB;
  clock.advance(1000);
  await settled();
  expect([first.gone, second.gone]).toEqual([true, true]);
  expect(said).toEqual([
    'the disk of /there has 50 MiB left: logs and artifacts wait at their agents until it has 100 MiB',
    'the disk of /there has room again',
  ]);
  expect(room.forBulk()).toBeUndefined();
});

test('what waits is let go when the master ends', async () => {
  const { room, said } = setUp(0);
  const waiting = watched(room.forBulk());
  await settled();
  room.close();
  await settled();
  expect(waiting.gone).toBe(true);
  expect(said).toHaveLength(1);
});
