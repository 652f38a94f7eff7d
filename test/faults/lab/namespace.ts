/**
 * A machine's own network and mounts, held by a process that reads from a pipe: it ends, and the namespaces with it,
 * when this process does, however that ends.
 *
 * What is mounted inside appears nowhere else: this process sees it below `outside()`.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** $1: the file that is its /etc/hosts; $2: where its disk is; $3: the size of that. */
const HOLD = `set -e
ip link set lo up
# All of 127.0.0.0/8 but this may lie on a wire: a master listens on no other address.
ip addr del 127.0.0.1/8 dev lo
ip addr add 127.0.0.1/32 dev lo
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
mount --bind "$1" /etc/hosts
mount -t tmpfs -o "size=$3,mode=700" tutti-faults "$2"
echo held
exec cat >/dev/null`;

type Holder = ChildProcessByStdio<Writable, Readable, null>;

export interface NamespaceOptions {
  /** A file that is /etc/hosts inside. */
  hosts: string;
  /** A directory where its disk is mounted. */
  disk: string;
  /** As mount takes it: `64m`. */
  diskSize: string;
}

export class Namespace {
  readonly pid: number;
  readonly #holder: Holder;
  readonly #ended: Promise<unknown>;

  static async open({ hosts, disk, diskSize }: NamespaceOptions): Promise<Namespace> {
    const argv = ['--net', '--mount', '--', 'sh', '-c', HOLD, 'hold', hosts, disk, diskSize];
    const holder = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    const line = await firstLine(holder);
    if (line !== 'held' || holder.pid === undefined) throw new Error('a namespace cannot be made');
    return new Namespace(holder, holder.pid);
  }

  private constructor(holder: Holder, pid: number) {
    this.#holder = holder;
    this.pid = pid;
    this.#ended = once(holder, 'exit');
  }

  /** What begins a command that is to run inside. */
  get enter(): readonly string[] {
    return ['nsenter', '--target', String(this.pid), '--net', '--mount', '--'];
  }

  /** The path by which a file inside is reached from here. */
  outside(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  async close(): Promise<void> {
    this.#holder.stdin.end();
    await this.#ended;
  }
}

/** Undefined when it ends without one. */
export async function firstLine(from: { stdout: Readable }): Promise<string | undefined> {
  for await (const line of createInterface({ input: from.stdout })) return line;
  return undefined;
}
