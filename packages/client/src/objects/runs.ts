/** The runs of a master: those that have not ended and the last that have, as they are now; all others by their number. */
import { type RunRow, TuttiError } from '@tutti/protocol';
import { listRuns } from '../list-runs.ts';
import type { RerunOptions, RunFilter } from '../run-types.ts';
import type { Context } from './context.ts';
import { LiveCollection } from './live-collection.ts';
import type { Delta } from './live-set.ts';
import { Run } from './run.ts';

export type RunDelta = Delta<number, RunRow>;

export class Runs implements Iterable<Run> {
  readonly #context: Context;
  readonly #live: LiveCollection<number, RunRow>;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
    this.#live = new LiveCollection({
      key: ({ run }) => run,
      ask: (seen, signal) =>
        context.client.call('runs.watch', seen === undefined ? {} : { since: seen }, signal),
    });
  }

  /** @internal */
  get live(): LiveCollection<number, RunRow> {
    return this.#live;
  }

  /** How many there are to go through without asking for older ones. */
  get size(): number {
    return this.#live.items.size;
  }

  /** The newest first. */
  get numbers(): number[] {
    return [...this.#live.items.keys()].toSorted((a, b) => b - a);
  }

  /** Whether there is one of that number is found out when it is asked something. */
  get(number: number): Run {
    if (!Number.isSafeInteger(number) || number < 1)
      throw new TuttiError('USAGE', `${String(number)} is no number of a run, such as 12`);
    return new Run(this.#context, number, () => this.#live.items.get(number));
  }

  /** The newest. Throws `NO_SUCH_RUN` where there has been none. */
  get last(): Run {
    const [newest] = this.numbers;
    if (newest !== undefined) return this.get(newest);
    throw new TuttiError('NO_SUCH_RUN', 'the master has had no run yet');
  }

  /** The newest first, at most 20 unless told otherwise; also of those before the last ones. */
  async list({ most = 20, ...filter }: RunFilter & { most?: number } = {}): Promise<RunRow[]> {
    return listRuns(this.#context.client, filter, most);
  }

  /** Once more, as it was submitted. Throws `NO_SUCH_RUN`, `NOTHING_TO_RERUN`, `FILES_GONE`. */
  async rerun(run: number, options: RerunOptions = {}): Promise<Run> {
    return this.get(await this.get(run).rerunAs(options));
  }

  /** As they are now, the newest first. */
  rows(): RunRow[] {
    return this.numbers.flatMap((number) => this.#live.items.get(number) ?? []);
  }

  /** Told of every change until the returned function is called. */
  on(listener: (delta: RunDelta) => void): () => void {
    return this.#live.listen(listener);
  }

  /** The changes from now on; one that is read slowly gives of each run the last. */
  changes(signal?: AbortSignal): AsyncGenerator<RunDelta, void> {
    return this.#live.changes(signal);
  }

  *[Symbol.iterator](): Iterator<Run> {
    for (const number of this.numbers) yield this.get(number);
  }
}
