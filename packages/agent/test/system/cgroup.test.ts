import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CgroupTree, cgroupMount, cgroupRoot, ownCgroup } from '../../src/system/cgroup.ts';
import { randomId } from '../members/lab.ts';

const agent = randomId();
const root = await cgroupRoot(agent);
if (root !== undefined) rmdirSync(root);

test('the mount is found, alone and in hybrid layouts', () => {
  const pure = '29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
  const hybrid = [
    '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
    '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
    '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime master:1 - cgroup2 cgroup2 rw',
  ].join('\n');
  expect(cgroupMount(pure)).toBe('/sys/fs/cgroup');
  expect(cgroupMount(hybrid)).toBe('/sys/fs/cgroup/unified');
  expect(cgroupMount('41 31 0:38 / /mnt/my\\040groups rw - cgroup2 none rw')).toBe('/mnt/my groups');
  expect(cgroupMount('35 31 0:32 / /cgroup2 rw - cgroup cgroup rw,memory')).toBeUndefined();
  expect(cgroupMount('')).toBeUndefined();
});

test('this process’s own group is the one of version 2', () => {
  expect(ownCgroup('0::/system.slice/tutti.service\n')).toBe('/system.slice/tutti.service');
  expect(ownCgroup('9:name=systemd:/x\n4:memory:/y\n0::/\n')).toBe('/');
  expect(ownCgroup('9:name=systemd:/x\n')).toBeUndefined();
});

async function group(): Promise<CgroupTree> {
  const at = await cgroupRoot(agent);
  const tree = new CgroupTree(join(at ?? '', randomId()));
  await tree.make();
  onTestFinished(async () => {
    await tree.kill();
    await tree.gone(AbortSignal.timeout(5000));
    await tree.remove();
    if (at !== undefined && existsSync(at)) rmdirSync(at);
  });
  return tree;
}

async function occupy(tree: CgroupTree): Promise<number> {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  writeFileSync(join(tree.path, 'cgroup.procs'), String(child.pid));
  return child.pid ?? 0;
}

test.skipIf(root === undefined)(
  'an empty group is gone at once, a filled one when its last process is',
  async () => {
    const tree = await group();
    await tree.gone(AbortSignal.timeout(1000));
    await occupy(tree);
    await occupy(tree);
    expect(await tree.count()).toBe(2);
    expect(await tree.remove()).toBe(false);
    const gone = tree.gone(AbortSignal.timeout(5000));
    await tree.kill();
    await gone;
    expect(await tree.count()).toBe(0);
    expect(await tree.remove()).toBe(true);
    expect(existsSync(tree.path)).toBe(false);
  },
);

test.skipIf(root === undefined)('waiting for a group to empty can be given up', async () => {
  const tree = await group();
  await occupy(tree);
  const stop = new AbortController();
  const gone = tree.gone(stop.signal);
  stop.abort();
  await expect(gone).rejects.toThrow(/abort/i);
});

test.skipIf(root === undefined)('a group that is removed meanwhile is gone', async () => {
  const tree = await group();
  await tree.remove();
  await tree.gone(AbortSignal.timeout(1000));
  await tree.terminate();
  await tree.kill();
  expect(await tree.count()).toBe(0);
});
