/** Waiting for what is on machines, members and commands alike: that it ends after it was stopped, and that all it left is here. */
import type { Clock } from '@tutti/link';

/** The stop ladder takes 5 s; an agent that is connected and still silent by then has a defect. */
const STOP_MS = 30_000;
/** What something left may take as long as it likes, as long as some of it comes, or waits for the master's disk. */
const COLLECT_MS = 120_000;

export interface Leaving {
  readonly ended: boolean;
  /** Nobody can be asked about it at present: for those the grace counts. */
  readonly away: boolean;
  readonly whenEnded: Promise<void>;
  readonly whenCollected: Promise<void>;
  readonly files: { readonly received: number; readonly waitsForRoom: boolean };
  lose(why: string): void;
}

/** Resolves when all that were stopped have ended. */
export async function allEnded(stopped: readonly Leaving[], clock: Clock): Promise<void> {
  const stopWatching = every(clock, STOP_MS, () => {
    for (const each of stopped)
      if (!each.ended && !each.away)
        each.lose(`was lost: it did not end within ${STOP_MS / 1000} s of being stopped`);
  });
  await Promise.all(stopped.map((each) => each.whenEnded));
  stopWatching();
}

/** Of one that has ended: resolves when all it left is here, or cannot be had. */
export async function allCollected(leaving: Leaving, clock: Clock): Promise<void> {
  const { files } = leaving;
  let { received } = files;
  const stopWatching = every(clock, COLLECT_MS, () => {
    if (files.received === received && !files.waitsForRoom && !leaving.away)
      leaving.lose(
        `ended, but its logs could not be collected: nothing of them came for ${COLLECT_MS / 1000} s`,
      );
    received = files.received;
  });
  await leaving.whenCollected;
  stopWatching();
}

/** Does it again and again; the returned function stops that. */
function every(clock: Clock, ms: number, work: () => void): () => void {
  const again = () => {
    work();
    cancel = clock.after(ms, again);
  };
  let cancel = clock.after(ms, again);
  return () => cancel();
}
