/** What a run needs, in words: the same in refusals, in `ps` and in `tutti explain`. */
import type { Need } from './pool.ts';

/** `3 nodes (server where cpus >= 4, client 2)` */
export function needsInWords(needs: readonly Need[]): string {
  const wanted = needs.reduce((sum, { count }) => sum + count, 0);
  const parts = needs.map(({ role, where, count }) => {
    const many = count === 1 ? role : `${role} ${count}`;
    return where === undefined ? many : `${many} where ${where}`;
  });
  return `${nodes(wanted)} (${parts.join(', ')})`;
}

export function nodes(count: number): string {
  return `${count} ${count === 1 ? 'node' : 'nodes'}`;
}
