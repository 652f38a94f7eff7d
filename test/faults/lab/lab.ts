/**
 * A lab to do harm to: a real master and real agents, each on a machine of its own with a network, processes and a small
 * disk, all on one switch.
 *
 *   this process ──lifelines──▶ switch, machines     (end with this process, however that ends)
 *        │                        └─ boots ─ agents ─ members
 *        └──── tutti run, tutti nodes               (on the master's machine, as an operator)
 *
 * Nothing appears in this machine's own network or mounts. `close` leaves the directory: it holds what is known of a failure.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rmdir, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NodeView } from '@tutti/protocol';
import { eventually } from '@tutti/testkit';
import { cgroupMount } from '../../../packages/agent/src/system/cgroup.ts';
import { daemonEnvironment, launcher } from './environment.ts';
import { Machine } from './machine.ts';
import { MasterMachine } from './master-machine.ts';
import { Namespace } from './namespace.ts';
import { Network } from './network.ts';
import { shell } from './shell.ts';

export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** Its agents are called n1, n2 … */
export interface LabOptions {
  agents: number;
  seed: number;
}

export class Lab {
  readonly dir: string;
  readonly master: MasterMachine;
  readonly machines: readonly Machine[];
  /** Daemons that ended by themselves. */
  readonly surprises: string[];
  /** How often each machine was rebooted because its agent asked for it. */
  readonly reboots: Map<string, number>;
  readonly #parts: Parts;
  /** What operators have under way. */
  readonly #operators = new Set<ChildProcess>();

  static async open({ agents, seed }: LabOptions): Promise<Lab> {
    const dir = await mkdtemp('/tmp/tutti-faults-');
    const parts = new Parts();
    try {
      return await compose(dir, agents, seed, parts);
    } catch (error) {
      await parts.close();
      throw error;
    }
  }

  constructor(
    dir: string,
    master: MasterMachine,
    machines: readonly Machine[],
    surprises: string[],
    reboots: Map<string, number>,
    parts: Parts,
  ) {
    this.dir = dir;
    this.master = master;
    this.machines = machines;
    this.surprises = surprises;
    this.reboots = reboots;
    this.#parts = parts;
  }

  machine(name: string): Machine {
    const found = this.machines.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no machine ${name}`);
    return found;
  }

  /** A command of an operator, run to its end. */
  tutti(args: readonly string[]): Promise<Said> {
    const [program = '', ...rest] = [...this.master.enter, launcher, ...args];
    const { url, tokenFile } = this.master;
    const env = { ...daemonEnvironment(), TUTTI_MASTER: url, TUTTI_TOKEN_FILE: tokenFile, TMPDIR: this.dir };
    return new Promise((resolve) => {
      const child = execFile(program, rest, { env, encoding: 'utf8' }, (error, stdout, stderr) => {
        this.#operators.delete(child);
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
      this.#operators.add(child);
    });
  }

  async nodes(): Promise<NodeView[]> {
    const { code, stdout, stderr } = await this.tutti(['nodes', '--json']);
    if (code !== 0) throw new Error(`tutti nodes: ${stderr}`);
    return JSON.parse(stdout) as NodeView[];
  }

  /** Undefined for a machine that the master does not know. */
  async stateOf(name: string): Promise<string | undefined> {
    return (await this.nodes()).find((node) => node.name === name)?.state;
  }

  /** Rejects with who is still busy, or has something left. */
  async quiet(timeout: number): Promise<void> {
    const check = async () => {
      const busy = (await this.nodes()).filter(({ state }) => state !== 'idle');
      if (busy.length > 0) throw new Error(busy.map(({ name, state }) => `${name} is ${state}`).join(', '));
      const left = this.machines.flatMap((machine) => machine.remains());
      if (left.length > 0) throw new Error(left.join('\n'));
    };
    await eventually(check, { timeout, every: 300 });
  }

  /** Resolves when no process and no namespace of it lives. */
  close(): Promise<void> {
    for (const child of this.#operators) child.kill('SIGKILL');
    return this.#parts.close();
  }
}

/** What has to be ended, last made first. */
class Parts {
  readonly #ends: (() => Promise<void>)[] = [];
  #closed: Promise<void> | undefined;

  async add<T extends { close(): Promise<void> }>(made: Promise<T>): Promise<T> {
    const part = await made;
    this.#ends.push(() => part.close());
    return part;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
  }
}

async function compose(dir: string, agents: number, seed: number, parts: Parts): Promise<Lab> {
  const surprises: string[] = [];
  const onSurprise = (what: string) => surprises.push(what);
  const cgroup = await ownCgroup(dir);
  if (cgroup !== '') await parts.add(Promise.resolve({ close: () => rmdir(cgroup) }));
  const hosts = join(dir, 'hosts');
  const hubDisk = join(dir, 'switch');
  await mkdir(hubDisk);
  await writeFile(hosts, '127.0.0.1 localhost\n');
  const hub = await parts.add(Namespace.open({ hosts, disk: hubDisk, diskSize: '1m' }));
  const network = await Network.open(hub);
  const master = await parts.add(MasterMachine.open({ root: dir, network, hosts, onSurprise }));
  const reboots = join(dir, 'reboots');
  await shell('mkfifo', reboots);
  const names = Array.from({ length: agents }, (_, i) => `n${i + 1}`);
  const machines: Machine[] = [];
  for (const [i, name] of names.entries()) {
    const about = { hosts, cgroup, reboots, tokenFile: master.tokenFile, masterUrl: master.url };
    const options = { ...about, name, root: dir, network, seed: seed + i, onSurprise };
    machines.push(await parts.add(Machine.open(options)));
  }
  const counts = new Map<string, number>();
  await parts.add(followReboots(reboots, machines, counts, onSurprise));
  await Promise.all(machines.map((machine) => machine.up()));
  await Promise.all(machines.map((machine) => machine.agent.ready(30_000)));
  return new Lab(dir, master, machines, surprises, counts, parts);
}

/** Agents ask by a line in a FIFO, which is open for writing here too so that it never ends. */
async function followReboots(
  fifo: string,
  machines: readonly Machine[],
  counts: Map<string, number>,
  onSurprise: (what: string) => void,
): Promise<{ close(): Promise<void> }> {
  const stream = new Socket({ fd: openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK), readable: true });
  createInterface({ input: stream }).on('line', (name) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    machines
      .find((machine) => machine.name === name)
      ?.crashAndBoot()
      .catch((error: unknown) => onSurprise(`${name} did not come back from its reboot: ${String(error)}`));
  });
  return {
    async close() {
      stream.destroy();
    },
  };
}

/** One for the lab, below which each machine has its own; empty where there is no cgroup v2 to write in. */
async function ownCgroup(dir: string): Promise<string> {
  const mount = cgroupMount(await readFile('/proc/self/mountinfo', 'utf8'));
  if (mount === undefined) return '';
  const path = join(mount, dir.replace('/tmp/', ''));
  try {
    await mkdir(path);
    return path;
  } catch {
    return '';
  }
}
