/** `watch()` and `unwatch()`: what changes is said line by line, beside whatever is being typed. */
import type { Tutti } from '@tutti/client/objects';
import { TuttiError } from '@tutti/protocol';
import { nodeLine, runLine } from './change-lines.ts';
import { aboutOf } from './live-object.ts';

export class Watching {
  readonly #tutti: Tutti;
  readonly #tell: (line: string) => void;
  #stop: AbortController | undefined;

  constructor(tutti: Tutti, tell: (line: string) => void) {
    this.#tutti = tutti;
    this.#tell = tell;
  }

  get active(): boolean {
    return this.#stop !== undefined;
  }

  /** `nodes` or `runs` alone, or both. */
  watch(what?: unknown): void {
    const path = aboutOf(what)?.path;
    if (what !== undefined && path !== 'runs' && path !== 'nodes')
      throw new TuttiError('USAGE', 'write watch(), watch(nodes) or watch(runs)');
    this.stop();
    const stop = new AbortController();
    this.#stop = stop;
    if (path !== 'runs') void this.#say(this.#tutti.nodes.changes(stop.signal), nodeLine);
    if (path !== 'nodes') void this.#say(this.#tutti.runs.changes(stop.signal), runLine);
    this.#tell('watching; unwatch() or Ctrl-C ends it');
  }

  /** False when there was nothing to end. */
  stop(): boolean {
    if (this.#stop === undefined) return false;
    this.#stop.abort();
    this.#stop = undefined;
    return true;
  }

  async #say<D>(changes: AsyncGenerator<D, void>, inWords: (delta: D) => string | undefined): Promise<void> {
    for await (const delta of changes) {
      const line = inWords(delta);
      if (line !== undefined) this.#tell(line);
    }
  }
}
