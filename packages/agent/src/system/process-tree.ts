/**
 * All processes of one member, however they were made: what the stop ladder acts on.
 *
 * Two ways to know them. `CgroupTree` is exact: no process leaves its cgroup by itself. `ScannedTree` goes through /proc
 * and finds what shares the member's session, descends from it or carries the member's directory in its environment; a
 * daemon that has shed all three escapes it.
 */
import type { ProcessId } from '@tutti/link';
import { signal } from './proc.ts';

export interface ProcessTree {
  /** Those that live now. */
  list(): Promise<ProcessId[]>;
  /** Signals every process once, and wakes stopped ones so that they notice. */
  terminate(): Promise<void>;
  /** Begins to kill; goes on with what appears meanwhile until `gone` has come or is aborted. */
  kill(): Promise<void>;
  /** Has every process stand still, those too that they were just making. */
  freeze(): Promise<void>;
  /** Has them go on. */
  thaw(): Promise<void>;
  /** How many live now. */
  count(): Promise<number>;
  /** Resolves when none lives; rejects only when `signal` aborts. */
  gone(signal: AbortSignal): Promise<void>;
  /** Removes what the tree left in the kernel; false when that is not possible yet. */
  remove(): Promise<boolean>;
}

/** Several ways to find the same processes, used together where it is not known which of them holds. */
export class JoinedTree implements ProcessTree {
  readonly #trees: readonly ProcessTree[];

  constructor(trees: readonly ProcessTree[]) {
    this.#trees = trees;
  }

  async list(): Promise<ProcessId[]> {
    const all = (await Promise.all(this.#trees.map((tree) => tree.list()))).flat();
    return [...new Map(all.map((each) => [each.pid, each])).values()];
  }

  async terminate(): Promise<void> {
    await Promise.all(this.#trees.map((tree) => tree.terminate()));
  }

  async kill(): Promise<void> {
    await Promise.all(this.#trees.map((tree) => tree.kill()));
  }

  async freeze(): Promise<void> {
    await Promise.all(this.#trees.map((tree) => tree.freeze()));
  }

  async thaw(): Promise<void> {
    await Promise.all(this.#trees.map((tree) => tree.thaw()));
  }

  /** At least so many: the ways overlap. */
  async count(): Promise<number> {
    return Math.max(0, ...(await Promise.all(this.#trees.map((tree) => tree.count()))));
  }

  async gone(abort: AbortSignal): Promise<void> {
    await Promise.all(this.#trees.map((tree) => tree.gone(abort)));
  }

  async remove(): Promise<boolean> {
    const removed = await Promise.all(this.#trees.map((tree) => tree.remove()));
    return removed.every(Boolean);
  }
}

/** Looks at it so many times at most: one that makes processes faster than they are stopped is not waited for. */
const FREEZE_LOOKS = 20;

/** The way without a freezer: stops whatever is found, until a look finds nothing new. */
export async function stopAll(list: () => Promise<readonly ProcessId[]>): Promise<void> {
  const stopped = new Set<string>();
  for (let look = 0; look < FREEZE_LOOKS; look += 1) {
    const fresh = (await list()).filter(({ pid, start }) => !stopped.has(`${pid} ${start}`));
    if (fresh.length === 0) return;
    for (const id of fresh) {
      stopped.add(`${id.pid} ${id.start}`);
      signal(id, 'SIGSTOP');
    }
  }
}

/** What had stopped by itself goes on, too. */
export async function continueAll(list: () => Promise<readonly ProcessId[]>): Promise<void> {
  for (const id of await list()) signal(id, 'SIGCONT');
}
