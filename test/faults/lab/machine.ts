/**
 * A machine with an agent: its own network, processes, clocks and disk, booted again and again under the same name. Whatever is
 * done to it is done one after the other.
 */
import { writeFileSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '@tutti/testkit';
import { Boot } from './boot.ts';
import { cutFiles, readSynced } from './cut.ts';
import { Daemon } from './daemon.ts';
import { Disk } from './disk.ts';
import { daemonEnvironment, launcher } from './environment.ts';
import { keptLogs } from './kept-logs.ts';
import { Namespace } from './namespace.ts';
import type { Network, Wire } from './network.ts';

export interface MachineOptions {
  name: string;
  /** Everything about it is in a directory of its name below this. */
  root: string;
  network: Network;
  masterUrl: string;
  /** The master's address, under its name; shared by all machines. */
  hosts: string;
  tokenFile: string;
  /** Below it each machine has a cgroup; empty where there is no cgroup v2. */
  cgroup: string;
  /** A line with the machine's name in this FIFO asks for its reboot. */
  reboots: string;
  seed: number;
  onSurprise: (what: string) => void;
}

const DISK_SIZE = '48m';

export class Machine {
  readonly name: string;
  readonly dir: string;
  readonly wire: Wire;
  readonly disk: Disk;
  readonly #options: MachineOptions;
  readonly #namespace: Namespace;
  readonly #random: () => number;
  #boots = 0;
  #boot: Boot | undefined;
  #agent: Daemon | undefined;
  /** All that were started since it was booted. */
  readonly #daemons: Daemon[] = [];
  #work: Promise<void> = Promise.resolve();

  static async open(options: MachineOptions): Promise<Machine> {
    const dir = join(options.root, options.name);
    const disk = join(dir, 'disk');
    await mkdir(disk, { recursive: true });
    await writeFile(join(dir, 'clock'), '0');
    const namespace = await Namespace.open({ hosts: options.hosts, disk, diskSize: DISK_SIZE });
    const wire = await options.network.connect(namespace);
    return new Machine(options, dir, namespace, wire);
  }

  private constructor(options: MachineOptions, dir: string, namespace: Namespace, wire: Wire) {
    this.#options = options;
    this.#namespace = namespace;
    this.#random = seededRandom(options.seed);
    this.name = options.name;
    this.dir = dir;
    this.wire = wire;
    this.disk = new Disk(namespace.outside(join(dir, 'disk')));
  }

  /** The agent's state directory, as it is reached from here. */
  get state(): string {
    return this.#namespace.outside(this.#state);
  }

  get agent(): Daemon {
    if (this.#agent === undefined) throw new Error(`${this.name} has never had an agent`);
    return this.#agent;
  }

  /** Boots, and starts the agent, as a machine does. */
  up(): Promise<void> {
    return this.#then(() => this.#up());
  }

  /** Starts an agent where none is, or when the one that was told to end has ended. */
  startAgent(): Promise<void> {
    return this.#then(async () => {
      if (this.#boot === undefined || (await this.agent.stays())) return;
      this.#agent = this.#newAgent(this.#boot);
    });
  }

  /** The power goes, and files lose what was not yet on the disk. */
  crash(): Promise<void> {
    return this.#then(() => this.#crash());
  }

  crashAndBoot(): Promise<void> {
    return this.#then(async () => {
      await this.#crash();
      await this.#up();
    });
  }

  /** Steps the agent's wall clock to `ms` from the right time. */
  setClock(ms: number): void {
    writeFileSync(join(this.dir, 'clock'), String(ms));
  }

  /** A second agent, with whatever is its own: not looked after beyond its end. */
  start(args: readonly string[]): Daemon {
    if (this.#boot === undefined) throw new Error(`${this.name} is down`);
    return this.#daemon(this.#boot, args, `another agent on ${this.name}`);
  }

  /** What runs beside the agent, and what its members have left. */
  remains(): string[] {
    const boot = this.#boot;
    if (boot === undefined) return [];
    const said = (kind: string) => (what: string) => `${kind} on ${this.name}: ${what}`;
    return [
      ...boot
        .processes()
        .filter((line) => !/ agent --state /.test(line))
        .map(said('process')),
      ...boot.sockets().map(said('socket')),
      ...boot
        .groups()
        .filter((path) => path.includes('/'))
        .map(said('cgroup')),
    ];
  }

  async close(): Promise<void> {
    await this.#work;
    await this.#down();
    await this.#namespace.close();
  }

  get #state(): string {
    return join(this.dir, 'disk/agent');
  }

  get #synced(): string {
    return join(this.dir, 'synced');
  }

  async #up(): Promise<void> {
    if (this.#boot !== undefined) return;
    this.#boots += 1;
    const { cgroup, name } = this.#options;
    this.#boot = await Boot.up({
      namespace: this.#namespace,
      run: join(this.dir, `run-${this.#boots}`),
      cgroup: cgroup === '' ? '' : join(cgroup, name),
      age: Math.floor(this.#random() * 1_000_000),
      log: join(this.dir, 'boot.log'),
    });
    this.#agent = this.#newAgent(this.#boot);
  }

  async #crash(): Promise<void> {
    if (this.#boot === undefined) return;
    await this.#down();
    const synced = readSynced(this.#synced);
    const cuts = cutFiles({ dir: this.state, ownName: this.#state, synced, random: this.#random });
    const shortened = cuts.filter(({ from, to }) => to < from);
    const boot = this.#boots;
    await appendFile(join(this.dir, 'cuts'), jsonLines(shortened.map((cut) => ({ boot, ...cut }))));
    await appendFile(join(this.dir, 'kept'), jsonLines(keptLogs(this.state)));
    // What is there now is on the disk.
    const own = (path: string) => path.replace(this.state, this.#state);
    await writeFile(
      this.#synced,
      jsonLines(cuts.map(({ path, ino, to }) => ({ path: own(path), size: to, ino }))),
    );
  }

  async #down(): Promise<void> {
    const daemons = this.#daemons.splice(0);
    for (const daemon of daemons) daemon.abandon();
    await this.#boot?.down();
    this.#boot = undefined;
    await Promise.all(daemons.map(({ ended }) => ended));
  }

  #newAgent(boot: Boot): Daemon {
    const { name, reboots } = this.#options;
    const machine = [
      '--boot-id',
      `${name}-boot-${this.#boots}`,
      '--reboot-command',
      `echo ${name} >${reboots}`,
    ];
    return this.#daemon(boot, ['--state', this.#state, '--name', name, ...machine], `the agent of ${name}`);
  }

  #daemon(boot: Boot, args: readonly string[], what: string): Daemon {
    const { masterUrl, tokenFile, onSurprise } = this.#options;
    const log = join(this.dir, 'agent.log');
    const connection = ['--master', masterUrl, '--token-file', tokenFile, '--log-level', 'debug'];
    const daemon = new Daemon({
      what,
      argv: [...boot.enter, launcher, 'agent', ...args, ...connection],
      env: daemonEnvironment({ clock: join(this.dir, 'clock'), synced: this.#synced }),
      log,
      throughParent: true,
      onSurprise,
    });
    this.#daemons.push(daemon);
    return daemon;
  }

  #then(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => {});
    return done;
  }
}

function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
