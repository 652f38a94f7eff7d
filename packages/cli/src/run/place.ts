/** Where a run takes place: a private lab on this machine, or a master elsewhere. */
import type { MasterClient } from '@tutti/client';
import type { RunView } from '@tutti/protocol';

export interface Place {
  readonly client: MasterClient;
  /** Options by which another command finds the same master: ` --master unix:…`, or none. */
  readonly reach: string;
  /** Rejects when the place breaks down under the run; never resolves. */
  readonly failed: Promise<never>;
  /** Makes the run's directory available here; returns its path. */
  results(view: RunView): Promise<string>;
  /** Where what there is so far can be found here, should the place break down. */
  partial(view: RunView): string | undefined;
  close(): Promise<void>;
}
