/** Who follows the logs of a run hears at once when one has grown; who does not costs nothing. */

export interface LogGrowth {
  /** Relative to the run directory. */
  readonly path: string;
  readonly length: number;
  /** Unix ms, master time. */
  readonly at: number;
}

export class LogNews {
  readonly #followers = new Map<string, Set<(growth: LogGrowth) => void>>();

  /** `run`: its directory. */
  tell(run: string, growth: LogGrowth): void {
    for (const follower of this.#followers.get(run) ?? []) follower(growth);
  }

  follow(run: string, follower: (growth: LogGrowth) => void): () => void {
    const followers = this.#followers.get(run) ?? new Set();
    this.#followers.set(run, followers.add(follower));
    return () => {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(run) === followers) this.#followers.delete(run);
    };
  }

  get size(): number {
    return this.#followers.size;
  }
}
