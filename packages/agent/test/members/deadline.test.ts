/** A member's time: exact while the machine is up, from the last checkpoint after a reboot, more when the master says so. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Deadline } from '../../src/members/deadline.ts';
import { Layout } from '../../src/members/layout.ts';
import { machineClock } from '../../src/system/clock.ts';
import { ask } from './ask.ts';
import { inline, killAllWith, makeLab, until } from './lab.ts';

function layout(): Layout {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-deadline-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return new Layout(dir);
}

describe('what is left', () => {
  test('counts from the start, and is nothing else before a checkpoint', () => {
    let at = 1000;
    const deadline = new Deadline(layout(), 60, { boot: 'a', at: 500 }, () => ({ boot: 'a', at }));
    expect(deadline.left).toBe(59_500);
    at = 100_000;
    expect(deadline.left).toBe(-39_500);
  });

  test('is exact for another agent of the same boot, and what the checkpoint says in another one', async () => {
    const where = layout();
    let now = { boot: 'a', at: 10_000 };
    const first = new Deadline(where, 60, { boot: 'a', at: 0 }, () => now);
    await first.save();
    now = { boot: 'a', at: 30_000 };
    const same = new Deadline(where, 60, { boot: 'a', at: 0 }, () => now);
    expect(same.left).toBe(30_000);
    now = { boot: 'b', at: 5 };
    expect(new Deadline(where, 60, { boot: 'a', at: 0 }, () => now).left).toBe(50_000);
  });

  test('is what it was set to, and many savings at once do no harm', async () => {
    const where = layout();
    const now = { boot: 'a', at: 7 };
    const deadline = new Deadline(where, 60, now, () => now);
    deadline.left = 5000;
    await Promise.all([deadline.save(), deadline.save(), deadline.save()]);
    expect(new Deadline(where, 60, undefined, () => now).left).toBe(5000);
  });

  test('is what the spec says where a crash tore the checkpoint', () => {
    const where = layout();
    writeFileSync(where.deadline, '{"boot":"a","at":');
    const now = { boot: 'b', at: 7 };
    expect(new Deadline(where, 60, { boot: 'a', at: 3 }, () => now).left).toBe(60_000);
  });
});

const script = inline('echo "$TUTTI_REBOOT_COUNT $TUTTI_DEADLINE $TUTTI_SOCKET"; exec sleep 1000', {
  timeout: 60,
});

test('a checkpoint that says the time is over stops the member of an agent that starts', async () => {
  const lab = await makeLab();
  await lab.members.prepare(script);
  await lab.members.start(script.member);
  const { bootId } = await import('@tutti/link');
  const checkpoint = { boot: bootId(), at: machineClock.monotonicMs() - 10_000, span: 5000 };
  writeFileSync(join(lab.dir(script.member), 'deadline.json'), JSON.stringify(checkpoint));
  const next = await lab.successor();
  expect(await next.ended(script.member)).toMatchObject({ stopped: 'timeout' });
});

test('after a reboot a script has what was left, and is told', async () => {
  const sign = join(tmpdir(), `tutti-down-${process.pid}`);
  onTestFinished(() => rmSync(sign, { force: true }));
  const lab = await makeLab({ bootId: 'boot-0', rebootCommands: [`: >'${sign}'`] });
  await lab.members.prepare(script);
  await lab.members.start(script.member);
  await until('it runs', () => lab.text(script.member, 'stdout.0').endsWith('\n'));
  expect(lab.text(script.member, 'stdout.0')).toMatch(/^0 60 /);
  await lab.members.reboot(script.member, 0, 60);
  const checkpoint = { boot: 'boot-0', at: 1, span: 12_345 };
  await killAllWith(lab.base);
  await until('it is down', () => existsSync(sign));
  await lab.members.close({ kill: false });
  writeFileSync(join(lab.dir(script.member), 'deadline.json'), JSON.stringify(checkpoint));
  const next = await lab.successor({ bootId: 'boot-1' });
  await until('it runs', () => next.text(script.member, 'stdout.1').endsWith('\n'));
  expect(next.text(script.member, 'stdout.1')).toMatch(/^1 12\.345 /);
});

test('more time from the master re-arms the watchdog, now and for the next agent', async () => {
  const asked: [string, number][] = [];
  const answers = [100, 0];
  const lab = await makeLab({
    requests: {
      rebooting: () => Promise.resolve(),
      rebootOther: () => Promise.reject(new Error('not asked here')),
      extend: async (_member, request, seconds) => {
        asked.push([request, seconds]);
        return answers.shift() ?? 0;
      },
      drive: () => Promise.reject(new Error('not asked here')),
    },
  });
  await lab.members.prepare(script);
  await lab.members.start(script.member);
  await until('it runs', () => lab.text(script.member, 'stdout.0').endsWith('\n'));
  const socket = lab.text(script.member, 'stdout.0').trim().split(' ')[2] ?? '';
  const extend = (id: string) => ask(socket, { id, call: 'extend', args: { seconds: 40 } });
  expect(await extend('request-1')).toEqual({ id: 'request-1', result: { remaining: 100 } });
  // Asked again it is the same extension.
  expect(await extend('request-1')).toEqual({ id: 'request-1', result: { remaining: 100 } });
  expect(JSON.parse(lab.text(script.member, 'deadline.json'))).toMatchObject({
    span: expect.closeTo(100_000, -3) as number,
  });
  // Less is as good as more: what the master says counts.
  expect(await extend('request-2')).toEqual({ id: 'request-2', result: { remaining: 0 } });
  expect(asked).toEqual([
    ['request-1', 40],
    ['request-2', 40],
  ]);
  expect(await lab.ended(script.member)).toMatchObject({ stopped: 'timeout' });
  expect(existsSync(join(lab.dir(script.member), 'deadline.json'))).toBe(true);
});
