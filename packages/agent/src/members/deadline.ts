/**
 * How much time a member has left, over all its incarnations. Without a checkpoint in `deadline.json` it has what its spec
 * gives it, counted from its start.
 */
import {
  type Checkpoint,
  type Instant,
  readCheckpoint,
  since,
  writeCheckpoint,
} from '../system/checkpoint.ts';
import type { Layout } from './layout.ts';

export class Deadline {
  readonly #path: string;
  readonly #now: () => Instant;
  #checkpoint: Checkpoint;
  #saving: Promise<void> = Promise.resolve();

  /** `timeout` in seconds; `started`: when, if it has. */
  constructor(layout: Layout, timeout: number, started: Instant | undefined, now: () => Instant) {
    this.#path = layout.deadline;
    this.#now = now;
    const { boot, at } = started ?? now();
    // Of a first boot that ended before anything was written down the whole time is left.
    this.#checkpoint = readCheckpoint(this.#path) ?? { boot, at, span: timeout * 1000 };
  }

  /** Milliseconds; negative when the time is over. */
  get left(): number {
    const { span } = this.#checkpoint;
    return span - since(this.#checkpoint, this.#now());
  }

  /** From now on so many milliseconds; to be saved. */
  set left(left: number) {
    this.#checkpoint = { ...this.#now(), span: left };
  }

  /** Settles, without failing, when nothing is being written. */
  get saved(): Promise<void> {
    return this.#saving.catch(() => undefined);
  }

  /** Writes down what is left, for the boot after this one. */
  async save(): Promise<void> {
    const save = async (): Promise<void> => {
      await writeCheckpoint(this.#path, { ...this.#now(), span: this.left });
    };
    // One writer at a time.
    this.#saving = this.#saving.then(save, save);
    await this.#saving;
  }
}
