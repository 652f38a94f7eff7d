/**
 * One boot of a machine: processes with pids of their own, a time since boot of their own, an empty /run, a cgroup. When it
 * is over, all of that is gone at once, as when the power goes.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { firstLine, type Namespace } from './namespace.ts';

/**
 * The first process: $1 is its cgroup, $2 its /run/tutti. It collects who has lost its parent, and ends, and all with it, when
 * whoever holds its stdin does. Its own pid, as this machine counts, is in the first /proc that it sees.
 */
const INIT = `set -e
read -r pid rest </proc/self/stat
[ -z "$1" ] || echo 0 >"$1/cgroup.procs"
mount -t proc proc /proc
mount -t tmpfs tutti-faults /run
mkdir /run/tutti
mount --bind "$2" /run/tutti
echo "$pid"
exec 3<&0
cat <&3 >/dev/null &
wait $!`;

const JOIN = `[ -z "$1" ] || echo 0 >"$1/cgroup.procs"; shift; exec "$@"`;

type First = ChildProcessByStdio<Writable, Readable, null>;

export interface BootOptions {
  namespace: Namespace;
  /** Directory for what is in its /run/tutti. */
  run: string;
  /** The machine's cgroup, which nobody is in directly; empty where there is no cgroup v2. */
  cgroup: string;
  /** Its seconds since boot begin at this machine's plus this. */
  age: number;
  /** Where complaints go. */
  log: string;
}

export class Boot {
  readonly #options: BootOptions;
  readonly #first: First;
  readonly #pid: number;
  readonly #ended: Promise<unknown>;

  static async up(options: BootOptions): Promise<Boot> {
    const { namespace, run, cgroup, age, log } = options;
    await mkdir(run, { recursive: true });
    if (cgroup !== '') await mkdir(cgroup, { recursive: true });
    const time = ['--time', `--monotonic=${age}`, `--boottime=${age}`];
    const unshare = ['unshare', '--pid', '--mount', ...time, '--fork', '--kill-child'];
    const [program, ...args] = [...namespace.enter, ...unshare, '--', 'sh', '-c', INIT, 'init', cgroup, run];
    // unshare complains when what it started is killed.
    const stderr = openSync(log, 'a');
    const first = spawn(program ?? '', args, { stdio: ['pipe', 'pipe', stderr] }) as First;
    closeSync(stderr);
    const pid = Number(await firstLine(first));
    if (!(pid > 1)) throw new Error(`a machine cannot be booted: see ${log}`);
    return new Boot(options, first, pid);
  }

  private constructor(options: BootOptions, first: First, pid: number) {
    this.#options = options;
    this.#first = first;
    this.#pid = pid;
    this.#ended = once(first, 'exit');
  }

  /** What begins a command that is to run on the machine; its first process waits for it. */
  get enter(): readonly string[] {
    const spaces = ['--net', '--mount', '--pid', '--time'];
    const { cgroup } = this.#options;
    return ['nsenter', '--target', String(this.#pid), ...spaces, '--', 'sh', '-c', JOIN, 'join', cgroup];
  }

  /** What runs on it, beside its first process and that one's keeper. */
  processes(): string[] {
    const own = namespaceOf(this.#pid);
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== this.#pid && namespaceOf(name) === own)
      .map(commandLineOf)
      .filter((commandLine) => commandLine !== '' && commandLine !== 'cat');
  }

  /** Local sockets that nobody has removed. */
  sockets(): string[] {
    return readdirSync(this.#options.run);
  }

  /** cgroups of members, by their paths below the machine's. */
  groups(): string[] {
    const { cgroup } = this.#options;
    return cgroup === '' ? [] : groupsBelow(cgroup).map((path) => path.slice(cgroup.length + 1));
  }

  /** Everything dies at once. */
  async down(): Promise<void> {
    try {
      process.kill(this.#pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    this.#first.stdin.destroy();
    await this.#ended;
    const { cgroup, run } = this.#options;
    if (cgroup !== '') for (const path of [...groupsBelow(cgroup).toReversed(), cgroup]) await rmdir(path);
    await rm(run, { recursive: true, force: true });
  }
}

function groupsBelow(cgroup: string): string[] {
  return readdirSync(cgroup, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function namespaceOf(pid: number | string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return ''; // it has ended
  }
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
