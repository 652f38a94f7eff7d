/**
 * A member's processes: which way they are known, and the few of Tutti's own around them.
 *
 * The cgroup is trusted alone when the script's own record says that it joined it. Where that record is missing (it was
 * not reached yet, or the disk was full) both ways are used together.
 */
import { join } from 'node:path';
import { isAlive } from '@tutti/link';
import { CgroupTree } from '../system/cgroup.ts';
import { signal, TICKS_PER_SECOND } from '../system/proc.ts';
import { JoinedTree, type ProcessTree } from '../system/process-tree.ts';
import { ScannedTree } from '../system/scanned-tree.ts';
import type { Layout } from './layout.ts';
import { killRelays } from './output.ts';
import type { StartRecord } from './start-record.ts';
import { readStatus, readTrace, type Trace } from './traces.ts';

export class MemberProcesses {
  readonly #layout: Layout;
  readonly #boot: string;
  readonly #scanned: ScannedTree;
  #cgroup: CgroupTree | undefined;
  #wrapperGoneAt: number | undefined;

  constructor(layout: Layout, boot: string) {
    this.#layout = layout;
    this.#boot = boot;
    this.#scanned = new ScannedTree({
      mark: layout.mark,
      notMark: layout.notMark,
      lifeLines: [layout.alive, layout.drained],
      script: () => this.#script(),
      wrapper: () => this.#wrapper(),
      wrapperGoneAt: () => this.#wrapperGoneAt,
    });
  }

  async makeCgroup(root: string | undefined, member: string): Promise<string | undefined> {
    if (root === undefined) return undefined;
    const tree = new CgroupTree(join(root, member));
    try {
      await tree.make();
    } catch {
      // Not allowed after all, or too many: the other way serves.
      return undefined;
    }
    this.#cgroup = tree;
    return tree.path;
  }

  use(record: StartRecord): void {
    if (record.cgroup !== undefined) this.#cgroup = new CgroupTree(record.cgroup);
  }

  /** The script has written down who it is. */
  get recorded(): boolean {
    return this.#script() !== undefined;
  }

  /** `seen`: seconds since boot when it was seen to go. */
  wrapperGone(seen?: number): void {
    const uptime = seen ?? readStatus(this.#layout.status)?.uptime;
    if (uptime !== undefined) this.#wrapperGoneAt = Math.ceil(uptime * TICKS_PER_SECOND);
  }

  async terminate(): Promise<void> {
    await this.#tree().terminate();
    this.#wake();
  }

  async kill(): Promise<void> {
    await this.#tree().kill();
    this.#wake();
  }

  /** Once to each process; KILL also to those that appear meanwhile. */
  async signal(name: NodeJS.Signals): Promise<void> {
    if (name === 'SIGKILL') await this.kill();
    else for (const id of await this.#tree().list()) signal(id, name);
  }

  /** Has them all stand still, or go on. */
  async freeze(frozen: boolean): Promise<void> {
    const tree = this.#tree();
    await (frozen ? tree.freeze() : tree.thaw());
  }

  async gone(abort: AbortSignal): Promise<void> {
    await this.#tree().gone(abort);
  }

  async count(): Promise<number> {
    return this.#tree().count();
  }

  /** With the wrapper, if that lives on. */
  async countAll(): Promise<number> {
    const wrapper = this.#wrapper();
    return (await this.count()) + (wrapper !== undefined && isAlive(wrapper) ? 1 : 0);
  }

  killWrapper(): void {
    const wrapper = this.#wrapper();
    if (wrapper !== undefined) signal(wrapper, 'SIGKILL');
  }

  killRelays(): void {
    killRelays(this.#layout);
  }

  /** `root`: an agent that was killed while it started the member may have made the cgroup and not written it down. */
  async remove(root: string | undefined, member: string): Promise<boolean> {
    const unrecorded = root === undefined ? undefined : new CgroupTree(join(root, member));
    const removed = (await this.#cgroup?.remove()) ?? true;
    return ((await unrecorded?.remove()) ?? true) && removed;
  }

  /** A script that stops its process group stops wrapper and relays with it. */
  #wake(): void {
    const wrapper = this.#wrapper();
    if (wrapper === undefined || !isAlive(wrapper)) return;
    try {
      process.kill(-wrapper.pid, 'SIGCONT');
    } catch {
      // It went meanwhile.
    }
  }

  #tree(): ProcessTree {
    if (this.#cgroup === undefined) return this.#scanned;
    const script = this.#script();
    return script?.joined === true ? this.#cgroup : new JoinedTree([this.#cgroup, this.#scanned]);
  }

  #script(): Trace | undefined {
    return readTrace(this.#layout.pid, this.#boot);
  }

  #wrapper(): Trace | undefined {
    return readTrace(this.#layout.wrapperPid, this.#boot);
  }
}
