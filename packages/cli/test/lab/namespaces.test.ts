import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import {
  allNamespaces,
  ask,
  canNamespace,
  fakeLab,
  namespacesOf,
  processesWith,
  remains,
  temporaryDirectory,
} from './lab-fixture.ts';

describe.skipIf(!canNamespace)('network namespaces (needs root)', () => {
  test('every agent is a host of its own that reaches the others by IPv4 and IPv6', async () => {
    const lab = await fakeLab({ tmpRoot: await temporaryDirectory(), agents: 3, net: 'namespaces' });
    expect(lab).toMatchObject({ net: 'namespaces', reason: '3 agents in network namespaces' });
    expect(lab.nodes.map(({ address }) => address)).toEqual(['10.77.0.2', '10.77.0.3', '10.77.0.4']);

    const seen = await ask(lab, { node: 'n1', connect: '10.77.0.4' });
    expect(seen).toMatchObject({ peer: 'n3' });
    expect(seen.addresses).toEqual(
      expect.arrayContaining(['lo 127.0.0.1', 'lo ::1', 'eth0 10.77.0.2', 'eth0 fd77::2']),
    );
    expect(new Set(seen.addresses.map((line) => line.split(' ', 1)[0]))).toEqual(new Set(['lo', 'eth0']));
    expect(await ask(lab, { node: 'n3', connect: 'fd77::3' })).toMatchObject({ peer: 'n2' });
    expect(await ask(lab, { node: 'n2', connect: '127.0.0.1' })).toMatchObject({ peer: 'n2' });
  });

  test("the machine's own namespace sees nothing of it, not even for an instant", async () => {
    const links = () => execFileSync('ip', ['-j', 'link'], { encoding: 'utf8' });
    const named = () => (existsSync('/run/netns') ? readdirSync('/run/netns') : []);
    const [linksBefore, namedBefore] = [links(), named()];
    const monitor = spawn('ip', ['monitor', 'link', 'address'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const events = text(monitor.stdout);
    await expect.poll(() => subscribed(monitor.pid!), { timeout: 5_000 }).toBe(true);

    const lab = await fakeLab({ tmpRoot: await temporaryDirectory(), net: 'namespaces' });
    expect(links()).toBe(linksBefore);
    await lab.stop();
    expect(links()).toBe(linksBefore);
    expect(named()).toEqual(namedBefore);
    monitor.kill();
    expect(await events).toBe('');
  });

  test('stopping leaves no namespace', async () => {
    const tmpRoot = await temporaryDirectory();
    const lab = await fakeLab({ tmpRoot, net: 'namespaces' });
    const namespaces = namespacesOf(processesWith(tmpRoot));
    expect(namespaces).toHaveLength(3); // two agents and the bridge
    await lab.stop();
    expect(allNamespaces().filter((name) => namespaces.includes(name))).toEqual([]);
    expect(remains(tmpRoot)).toEqual([]);
  });

  test('two labs with the same addresses do not meet', async () => {
    const tmpRoot = await temporaryDirectory();
    const options = { tmpRoot, net: 'namespaces' } as const;
    const [one, two] = await Promise.all([
      fakeLab({ ...options, agents: 1 }),
      fakeLab({ ...options, agents: 2 }),
    ]);
    expect(one.reason).toBe('1 agent in a network namespace');
    expect(await ask(one, { node: 'n1', connect: '10.77.0.3' })).toHaveProperty('error');
    expect(await ask(two, { node: 'n1', connect: '10.77.0.3' })).toMatchObject({ peer: 'n2' });
    await one.stop();
    expect(await ask(two, { node: 'n1', connect: '10.77.0.3' })).toMatchObject({ peer: 'n2' });
  });

  test('without the capability auto takes the host and says why; namespaces by name are refused', async () => {
    const tmpRoot = await temporaryDirectory();
    const start = async (net: string) => {
      const argv = [
        '--bounding-set=-sys_admin',
        process.execPath,
        `${import.meta.dirname}/starter.ts`,
        tmpRoot,
        net,
      ];
      const starter = spawn('setpriv', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
      const errors = text(starter.stderr);
      for await (const line of createInterface({ input: starter.stdout })) {
        if (!line.includes('"reason"')) continue;
        starter.kill('SIGKILL');
        return line;
      }
      return errors;
    };
    expect(await start('auto')).toMatch(/3 agents on this host's network \(.*not permitted\)/);
    expect(await start('namespaces')).toMatch(
      /network namespaces cannot be made: .*not permitted; use --net host/,
    );
    await expect.poll(() => remains(tmpRoot), { timeout: 10_000 }).toEqual([]);
  });
});

/** Whether the process listens to netlink's groups yet. */
function subscribed(pid: number): boolean {
  return readFileSync('/proc/net/netlink', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, , portId, groups]) => portId === String(pid) && groups !== '00000000');
}
