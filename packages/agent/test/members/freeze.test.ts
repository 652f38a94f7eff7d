/** A member that stands still, and goes on: with a cgroup's freezer, and by signals where there is none. */
import { existsSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readStat } from '@tutti/link';
import { rejection } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { cgroupRoot } from '../../src/system/cgroup.ts';
import { inline, type Lab, makeLab, randomId, until } from './lab.ts';

const probe = await cgroupRoot(randomId());
if (probe !== undefined) rmdirSync(probe);
const ways = [
  { way: 'with a cgroup', cgroups: true, skip: probe === undefined },
  { way: 'without a cgroup', cgroups: false, skip: false },
];

/** A child in a session of its own and the script, both busy; with the time to notice that they are ended. */
const BUSY = `
setsid sh -c 'echo $$ >child; while :; do echo x >>inner; sleep 0.01; done' &
echo $$ >script
trap 'echo tidy; exit 9' TERM
while :; do echo x >>outer; sleep 0.01; done
`;

async function busy(lab: Lab): Promise<string> {
  const spec = inline(BUSY);
  await lab.members.prepare(spec);
  await lab.members.start(spec.member);
  await goesOn(lab, spec.member);
  return spec.member;
}

function size(lab: Lab, member: string, file: string): number {
  const path = join(lab.dir(member), 'work', file);
  return existsSync(path) ? statSync(path).size : 0;
}

/** Both write more than they have. */
async function goesOn(lab: Lab, member: string): Promise<void> {
  for (const file of ['inner', 'outer']) {
    let before = 0;
    await until(`${file} is there`, () => {
      before = size(lab, member, file);
      return before > 0;
    });
    await until(`${file} grows`, () => size(lab, member, file) > before);
  }
}

/** Itself; or it is in vfork(2), which no signal interrupts, until its child goes on, which is stopped. */
function isStopped(pid: number): boolean {
  const state = (of: number) => /\) (\w) /.exec(readFileSync(`/proc/${of}/stat`, 'utf8'))?.[1];
  if (state(pid) !== 'D') return state(pid) === 'T';
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return children.some((child) => child !== '' && state(Number(child)) === 'T');
}

describe.each(ways)('$way', ({ cgroups, skip }) => {
  /** The kernel's own word for it. */
  async function standsStill(lab: Lab, member: string): Promise<void> {
    const { cgroup } = JSON.parse(lab.text(member, 'started.0')) as { cgroup?: string };
    expect(cgroup !== undefined).toBe(cgroups);
    if (cgroup !== undefined) {
      await until('the group is frozen', () =>
        readFileSync(join(cgroup, 'cgroup.events'), 'utf8').includes('frozen 1'),
      );
      return;
    }
    for (const file of ['script', 'child']) {
      const pid = Number(lab.text(member, `work/${file}`));
      await until(`${file} is stopped`, () => isStopped(pid));
    }
  }

  test.skipIf(skip)('a script and what it started stand still until they are thawed', async () => {
    const lab = await makeLab({ cgroups });
    const member = await busy(lab);
    await lab.members.freeze(member, true);
    await standsStill(lab, member);
    await lab.members.freeze(member, false);
    await goesOn(lab, member);
    lab.members.stop(member, 'cancelled');
    expect(await lab.ended(member)).toMatchObject({ stopped: 'cancelled', survivors: 0 });
  });

  test.skipIf(skip)('frozen and thawed at once, the last word counts', async () => {
    const lab = await makeLab({ cgroups });
    const member = await busy(lab);
    await Promise.all([true, false, true, false].map((frozen) => lab.members.freeze(member, frozen)));
    await goesOn(lab, member);
    lab.members.stop(member, 'cancelled');
    expect(await lab.ended(member)).toMatchObject({ stopped: 'cancelled', survivors: 0 });
  });

  test.skipIf(skip)('its stop has it go on, so that it can tidy up', async () => {
    const lab = await makeLab({ cgroups, rung: 5 });
    const member = await busy(lab);
    await lab.members.freeze(member, true);
    await standsStill(lab, member);
    lab.members.stop(member, 'test-over');
    expect(await lab.ended(member)).toMatchObject({ exit: { how: 'exited', code: 9 }, survivors: 0 });
    expect(lab.text(member, 'stdout.0')).toBe('tidy\n');
    const child = readStat(Number(lab.text(member, 'work/child')));
    expect(child?.zombie ?? true).toBe(true);
  });

  test.skipIf(skip)('the next agent finds it as it is, and can do the same', async () => {
    const lab = await makeLab({ cgroups, rung: 5 });
    const member = await busy(lab);
    await lab.members.freeze(member, true);
    await standsStill(lab, member);
    const next = await lab.successor();
    await standsStill(next, member);
    await next.members.freeze(member, false);
    await goesOn(next, member);
    await next.members.freeze(member, true);
    next.members.stop(member, 'test-over');
    expect(await next.ended(member)).toMatchObject({ exit: { how: 'exited', code: 9 } });
  });
});

test('one that has ended, or is being stopped, is not frozen; an unknown one is told', async () => {
  const lab = await makeLab();
  const spec = inline('true');
  await lab.run(spec);
  await lab.members.freeze(spec.member, true);
  expect(await rejection(lab.members.freeze(randomId(), true))).toMatchObject({ code: 'NO_SUCH_MEMBER' });
});
