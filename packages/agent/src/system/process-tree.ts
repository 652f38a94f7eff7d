/**
 * All processes of one member, however they were made: what the stop ladder acts on.
 *
 * Two ways to know them. `CgroupTree` is exact: no process leaves its cgroup by itself. `ScannedTree` goes through /proc
 * and finds what shares the member's session, descends from it or carries the member's directory in its environment; a
 * daemon that has shed all three escapes it.
 */
export interface ProcessTree {
  /** Signals every process once, and wakes stopped ones so that they notice. */
  terminate(): Promise<void>;
  /** Begins to kill; goes on with what appears meanwhile until `gone` has come or is aborted. */
  kill(): Promise<void>;
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

  async terminate(): Promise<void> {
    await Promise.all(this.#trees.map((tree) => tree.terminate()));
  }

  async kill(): Promise<void> {
    await Promise.all(this.#trees.map((tree) => tree.kill()));
  }

  /** At least so many: the ways overlap. */
  async count(): Promise<number> {
    return Math.max(0, ...(await Promise.all(this.#trees.map((tree) => tree.count()))));
  }

  async gone(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#trees.map((tree) => tree.gone(signal)));
  }

  async remove(): Promise<boolean> {
    const removed = await Promise.all(this.#trees.map((tree) => tree.remove()));
    return removed.every(Boolean);
  }
}
