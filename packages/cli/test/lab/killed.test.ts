/** The starter is killed with -9: nothing may stay, whatever the daemons do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import type { Lab } from '../../src/lab/index.ts';
import type { Behaviours } from './fake-tutti.ts';
import {
  allNamespaces,
  canNamespace,
  namespacesOf,
  processesWith,
  remains,
  temporaryDirectory,
} from './lab-fixture.ts';

const GONE = { timeout: 20_000 };

/** A starter that has printed a line with these words in it, and that line. All of its processes carry the marker. */
async function starter(
  tmpRoot: string,
  {
    net = 'host',
    until = '"url"',
    behaviours = {},
  }: { net?: string; until?: string; behaviours?: Behaviours },
): Promise<{ child: ChildProcess; line: string }> {
  const argv = [`${import.meta.dirname}/starter.ts`, tmpRoot, net, JSON.stringify(behaviours)];
  const env = { ...process.env, LAB_MARKER: tmpRoot };
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes(until)) return { child, line };
  }
  throw new Error('the starter ended');
}

test.skipIf(!canNamespace)(
  'in namespaces (needs root): no process, namespace, interface, socket or directory',
  async () => {
    const tmpRoot = await temporaryDirectory();
    const { child, line } = await starter(tmpRoot, { net: 'namespaces' });
    const processes = processesWith(tmpRoot);
    expect(processes).toHaveLength(6); // starter, sweeper, master, three agents
    const namespaces = namespacesOf(processes);
    expect(namespaces).toHaveLength(4);
    const socket = (JSON.parse(line) as Lab).url.replace('unix:', '');
    expect(existsSync(socket)).toBe(true);

    child.kill('SIGKILL');
    await expect.poll(() => remains(tmpRoot), GONE).toEqual([]);
    // A namespace, and every interface in it, lives as long as a process, a mount or an open file holds it.
    expect(allNamespaces().filter((name) => namespaces.includes(name))).toEqual([]);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    expect(namespaces.filter((name) => mounts.includes(name))).toEqual([]);
  },
  40_000,
);

test("on the host's network: no process, socket or directory", async () => {
  const tmpRoot = await temporaryDirectory();
  const { child } = await starter(tmpRoot, {});
  child.kill('SIGKILL');
  await expect.poll(() => remains(tmpRoot), GONE).toEqual([]);
}, 40_000);

for (const until of ['network ready', 'master ready']) {
  test(`in the midst of starting, at "${until}"`, async () => {
    const tmpRoot = await temporaryDirectory();
    const { child } = await starter(tmpRoot, { net: 'auto', until });
    child.kill('SIGKILL');
    await expect.poll(() => remains(tmpRoot), GONE).toEqual([]);
  }, 40_000);
}

test('with a daemon that does not obey and a process that a daemon has forgotten', async () => {
  const tmpRoot = await temporaryDirectory();
  const { child } = await starter(tmpRoot, { net: 'auto', behaviours: { deaf: 'n2', litter: 'n3' } });
  child.kill('SIGKILL');
  await expect.poll(() => remains(tmpRoot), GONE).toEqual([]);
});

test('together with all of its daemons', async () => {
  const tmpRoot = await temporaryDirectory();
  const { child } = await starter(tmpRoot, { net: 'auto', behaviours: { litter: 'n1' } });
  for (const daemon of processesWith(tmpRoot).filter((line) => /--private/.test(line))) {
    process.kill(Number.parseInt(daemon, 10), 'SIGKILL');
  }
  child.kill('SIGKILL');
  await expect.poll(() => remains(tmpRoot), GONE).toEqual([]);
}, 40_000);

test('a terminal that sends Ctrl-C to the foreground group does not reach the daemons', async () => {
  const tmpRoot = await temporaryDirectory();
  const { child } = await starter(tmpRoot, {});
  const sessions = processesWith(tmpRoot).map((line) => session(line.split(' ', 1)[0]!));
  expect(new Set(sessions).size).toBe(6);
  child.kill('SIGKILL');
  await expect.poll(() => remains(tmpRoot), GONE).toEqual([]);
}, 40_000);

function session(pid: string): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]!;
}
