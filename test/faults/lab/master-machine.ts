/** The machine of the master: it is not rebooted, but its master may come and go, and its disk may fill. */
import { writeFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';
import { Disk } from './disk.ts';
import { daemonEnvironment, launcher } from './environment.ts';
import { Namespace } from './namespace.ts';
import type { Network, Wire } from './network.ts';

const PORT = 8282;
const DISK_SIZE = '256m';

export interface MasterMachineOptions {
  root: string;
  network: Network;
  /** An /etc/hosts in which the master's name is written when its address is known. */
  hosts: string;
  onSurprise: (what: string) => void;
}

export class MasterMachine {
  static readonly hostName = 'master.tutti.test';
  readonly url = `ws://${MasterMachine.hostName}:${PORT}`;
  readonly dir: string;
  readonly wire: Wire;
  readonly disk: Disk;
  readonly #options: MasterMachineOptions;
  readonly #namespace: Namespace;
  #address: string;
  #daemon: Daemon | undefined;

  static async open(options: MasterMachineOptions): Promise<MasterMachine> {
    const dir = join(options.root, 'master');
    const disk = join(dir, 'disk');
    await mkdir(disk, { recursive: true });
    await writeFile(join(dir, 'clock'), '0');
    const namespace = await Namespace.open({ hosts: options.hosts, disk, diskSize: DISK_SIZE });
    const wire = await options.network.connect(namespace);
    const machine = new MasterMachine(options, dir, namespace, wire);
    machine.name(wire.address);
    await machine.start();
    await machine.daemon.ready(20_000);
    await copyFile(namespace.outside(join(machine.#state, 'admin.token')), machine.tokenFile);
    return machine;
  }

  private constructor(options: MasterMachineOptions, dir: string, namespace: Namespace, wire: Wire) {
    this.#options = options;
    this.#namespace = namespace;
    this.#address = wire.address;
    this.dir = dir;
    this.wire = wire;
    this.disk = new Disk(namespace.outside(join(dir, 'disk')));
  }

  get tokenFile(): string {
    return join(this.dir, 'token');
  }

  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error('there was never a master');
    return this.#daemon;
  }

  /** Where it keeps runs, as it is reached from here. */
  get runs(): string {
    return this.#namespace.outside(join(this.#state, 'runs'));
  }

  /** What begins a command of an operator: it is not behind a wire. */
  get enter(): readonly string[] {
    return this.#namespace.enter;
  }

  /** Where its master listens from the next start on, and what its name means from now on. */
  name(address: string): void {
    this.#address = address;
    // In place: each machine has this very file as its own.
    writeFileSync(this.#options.hosts, `127.0.0.1 localhost\n${address} ${MasterMachine.hostName}\n`);
  }

  /** Starts a master where none is, or when the one that was told to end has ended. */
  async start(): Promise<void> {
    if (this.#daemon !== undefined && (await this.#daemon.stays())) return;
    const listen = ['--listen', `${this.#address}:${PORT}`, '--min-free', '4', '--log-level', 'debug'];
    this.#daemon = new Daemon({
      what: 'the master',
      argv: [...this.#namespace.enter, launcher, 'master', '--state', this.#state, ...listen],
      env: daemonEnvironment({ clock: join(this.dir, 'clock') }),
      log: join(this.dir, 'master.log'),
      throughParent: false,
      onSurprise: this.#options.onSurprise,
    });
  }

  /** Steps the master's wall clock to `ms` from the right time. */
  setClock(ms: number): void {
    writeFileSync(join(this.dir, 'clock'), String(ms));
  }

  async close(): Promise<void> {
    if (this.#daemon?.alive === true) await this.#daemon.kill();
    await this.#namespace.close();
  }

  get #state(): string {
    return join(this.dir, 'disk/state');
  }
}
