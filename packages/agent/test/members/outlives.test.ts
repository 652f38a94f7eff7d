/** A member that its script's processes outlive: what it left lives until it is forgotten, with a cgroup and without. */
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootId } from '@tutti/link';
import type { MemberSpec } from '@tutti/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Layout } from '../../src/members/layout.ts';
import { relaysOf } from '../../src/members/output.ts';
import { cgroupRoot } from '../../src/system/cgroup.ts';
import { inline, isRunning, type Lab, makeLab, randomId, until } from './lab.ts';

const probe = await cgroupRoot(randomId());
if (probe !== undefined) rmdirSync(probe);
const ways = [
  { way: 'with a cgroup', cgroups: true, skip: probe === undefined },
  { way: 'without a cgroup', cgroups: false, skip: false },
];

const setup = (text: string, more: Partial<MemberSpec> = {}) => inline(text, { outlives: true, ...more });

/** Leaves `command` running in the background, and says who it is. */
async function left(lab: Lab, command: string, then = ''): Promise<{ id: string; pid: number }> {
  const spec = setup(`${command} &\necho $! >pid\n${then}`);
  await lab.run(spec);
  const pid = Number(lab.text(spec.member, 'work/pid').trim());
  onTestFinished(() => {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  });
  return { id: spec.member, pid };
}

describe.each(ways)('$way', ({ cgroups, skip }) => {
  test.skipIf(skip)(
    'what a script leaves lives on after its end, and not after it is forgotten',
    async () => {
      const lab = await makeLab({ cgroups });
      const { id, pid } = await left(lab, 'sleep 1000 >/dev/null 2>&1', 'echo ready; exit 0');
      expect(lab.members.end(id)).toMatchObject({ exit: { how: 'exited', code: 0 }, survivors: 0 });
      expect(lab.members.end(id)?.stopped).toBeUndefined();
      expect(isRunning(pid)).toBe(true);
      expect(lab.members.busy).toBe(true);
      expect(lab.members.presence()).toMatchObject([{ member: id, state: 'ended' }]);
      await lab.members.forget(id);
      expect(isRunning(pid)).toBe(false);
      expect(lab.members.debugState().members).toEqual({});
      expect(lab.complaints).toEqual([]);
    },
  );

  test.skipIf(skip)('it has time to tidy up, and is killed when it takes too long', async () => {
    const lab = await makeLab({ cgroups });
    const tidy = join(lab.base, 'tidy');
    const polite = await left(lab, `(trap 'echo tidy >${tidy}; exit' TERM; while :; do sleep 0.01; done)`);
    const rude = await left(lab, `(trap '' TERM; while :; do sleep 0.01; done)`);
    await Promise.all([polite, rude].map(({ id }) => lab.members.forget(id)));
    expect([polite, rude].map(({ pid }) => isRunning(pid))).toEqual([false, false]);
    expect(readFileSync(tidy, 'utf8')).toBe('tidy\n');
    expect(lab.complaints).toEqual([]);
  });

  test.skipIf(skip)('a daemon in a session of its own is found as well', async () => {
    const lab = await makeLab({ cgroups });
    const spec = setup('(setsid sh -c "(sleep 1000 & echo \\$! > pid) &") ; while ! [ -s pid ]; do :; done');
    await lab.run(spec);
    const pid = Number(lab.text(spec.member, 'work/pid').trim());
    expect(isRunning(pid)).toBe(true);
    await lab.members.forget(spec.member);
    expect(isRunning(pid)).toBe(false);
  });

  test.skipIf(skip)('the next agent knows of it, and ends it', async () => {
    const lab = await makeLab({ cgroups });
    const { id, pid } = await left(lab, 'sleep 1000');
    const next = await lab.successor();
    expect(next.members.presence()).toMatchObject([{ member: id, state: 'ended' }]);
    expect(next.members.busy).toBe(true);
    expect(isRunning(pid)).toBe(true);
    await next.members.forget(id);
    expect(isRunning(pid)).toBe(false);
  });

  test.skipIf(skip)('a script that is stopped is ended with all it started', async () => {
    const lab = await makeLab({ cgroups });
    const spec = setup('sleep 1000 & echo $! >pid; echo up; wait');
    await lab.members.prepare(spec);
    await lab.members.start(spec.member);
    await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'up\n');
    lab.members.stop(spec.member, 'timeout');
    expect(await lab.ended(spec.member)).toMatchObject({ stopped: 'timeout', survivors: 0 });
    expect(isRunning(Number(lab.text(spec.member, 'work/pid').trim()))).toBe(false);
  });
});

test('a script that fails leaves what it started as well', async () => {
  const lab = await makeLab();
  const { id, pid } = await left(lab, 'sleep 1000', 'exit 1');
  expect(lab.members.end(id)).toMatchObject({ exit: { how: 'exited', code: 1 } });
  expect(isRunning(pid)).toBe(true);
});

test("the end of its test is no end of what it started; the agent's own reasons are", async () => {
  const lab = await makeLab();
  const first = await left(lab, 'sleep 1000');
  const second = await left(lab, 'sleep 1000');
  for (const reason of ['test-over', 'cancelled', 'timeout'] as const) lab.members.stop(first.id, reason);
  expect(isRunning(first.pid)).toBe(true);
  lab.members.stop(first.id, 'given-up');
  await until('it is gone', () => !isRunning(first.pid));
  expect(isRunning(second.pid)).toBe(true);
  lab.members.stopAll('orphaned');
  await until('the other is gone', () => !isRunning(second.pid));
  await until('nothing lives', () => !lab.members.busy);
  expect(lab.members.end(second.id)?.stopped).toBeUndefined();
});

test('an agent that ends everything ends it too', async () => {
  const lab = await makeLab();
  const { pid } = await left(lab, 'sleep 1000');
  await lab.members.close({ kill: true });
  expect(isRunning(pid)).toBe(false);
});

describe('the log', () => {
  const LINES = 20_000;

  test('has all that the script wrote, though a daemon holds its output', async () => {
    const lab = await makeLab();
    const { id, pid } = await left(lab, 'sleep 1000', `seq ${LINES}; seq ${LINES} >&2`);
    const text = Array.from({ length: LINES }, (_, n) => `${n + 1}\n`).join('');
    expect(lab.text(id, 'stdout.0')).toBe(text);
    expect(lab.text(id, 'stderr.0')).toBe(text);
    const lengths = lab.members.end(id)?.logs.map(({ source, length }) => [source, length]);
    expect(lengths).toContainEqual(['stdout', text.length]);
    expect(isRunning(pid)).toBe(true);
  });

  test('has nothing of what is written after the end; who writes it is not disturbed', async () => {
    const lab = await makeLab();
    const go = join(lab.base, 'go');
    const wrote = join(lab.base, 'wrote');
    const { id, pid } = await left(
      lab,
      `(while ! [ -e ${go} ]; do sleep 0.01; done; seq 200000; echo $? >${wrote}.new; mv ${wrote}.new ${wrote}; exec sleep 1000)`,
      'echo ready',
    );
    expect(lab.text(id, 'stdout.0')).toBe('ready\n');
    await lab.run(inline(`: >${go}`));
    await until('it has written more than a pipe holds', () => existsSync(wrote));
    expect(readFileSync(wrote, 'utf8')).toBe('0\n');
    expect(lab.text(id, 'stdout.0')).toBe('ready\n');
    expect(isRunning(pid)).toBe(true);
    await lab.members.forget(id);
    expect(relaysOf(new Layout(lab.dir(id)))).toEqual([]);
  });

  test('of a daemon that writes without end is closed all the same', async () => {
    const lab = await makeLab({ drain: 0.2 });
    const { id, pid } = await left(lab, 'yes', 'exit 0');
    expect(lab.members.end(id)).toMatchObject({ exit: { how: 'exited', code: 0 } });
    const [{ length } = { length: 0 }] = lab.members.end(id)?.logs ?? [];
    expect(lab.text(id, 'stdout.0')).toHaveLength(length);
    expect(isRunning(pid)).toBe(true);
  });

  test('keeps no process that its holder does not: both relays end with it', async () => {
    const lab = await makeLab();
    const { id, pid } = await left(lab, 'sleep 1000');
    const layout = new Layout(lab.dir(id));
    expect(relaysOf(layout)).toHaveLength(2);
    process.kill(pid, 'SIGKILL');
    await until('they are gone', () => relaysOf(layout).length === 0);
  });
});

test('a machine that went down has ended it', async () => {
  const lab = await makeLab();
  const { id, pid } = await left(lab, 'sleep 1000');
  const next = await lab.successor({ bootId: `${bootId().slice(0, -4)}beef` });
  expect(next.members.busy).toBe(false);
  await next.members.forget(id);
  // Another process may have its number by then.
  expect(isRunning(pid)).toBe(true);
});
