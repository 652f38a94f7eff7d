/**
 * First come, first served, by when scripts asked. After a restart callers come again in any order, with their original times:
 * nobody loses a place to that. Pure.
 */

interface Asked {
  /** Master time in seconds. */
  readonly at: number;
}

/** Puts one more where its time belongs: behind those that asked no later. */
export function queueUp<T extends Asked>(queue: T[], one: T): void {
  queue.splice(queue.findLastIndex(({ at }) => at <= one.at) + 1, 0, one);
}

/** The same array if it is in turn already. */
export function inTurn<T extends Asked>(all: T[]): T[] {
  const is = all.every(({ at }, place) => at >= (all[place - 1]?.at ?? at));
  return is ? all : all.toSorted((a, b) => a.at - b.at);
}
