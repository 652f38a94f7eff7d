/**
 * Whose turn it is: priority, then age, with ageing.
 *
 * A run that waits gains `ageing` points of priority an hour. All gain equally fast, so of two runs the same one is
 * always ahead, from the moment both are known: ahead is who has more of `priority − ageing × submitted`. So a run is overtaken
 * only by runs that are submitted within (difference of their priorities ÷ ageing) hours after it: by finitely many, and
 * that is why none starves.
 */
import type { Need } from './pool.ts';

export interface QueuedRun {
  readonly run: number;
  readonly priority: number;
  /** Unix ms. */
  readonly submitted: number;
  readonly needs: readonly Need[];
  /** How long it holds its nodes at most, in ms, by its timeouts; absent: there is no bound. */
  readonly longest?: number;
}

const HOUR_MS = 3_600_000;

/** First those whose turn is first. `ageing`: points an hour, above 0. */
export function inTurn(queue: readonly QueuedRun[], ageing: number): QueuedRun[] {
  const first = queue.reduce((least, { submitted }) => Math.min(least, submitted), Infinity);
  const points = ({ priority, submitted }: QueuedRun) => priority - (ageing * (submitted - first)) / HOUR_MS;
  return queue
    .map((run) => ({ run, points: points(run) }))
    .toSorted((a, b) => b.points - a.points || a.run.run - b.run.run)
    .map(({ run }) => run);
}
