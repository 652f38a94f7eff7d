/** Which nodes a run gets: all it needs or none. Pure. */

/** Role → nodes, taken from `idle` in its order; undefined when there are not enough. */
export function allocate(
  needs: ReadonlyMap<string, number>,
  idle: readonly string[],
): Map<string, string[]> | undefined {
  const total = [...needs.values()].reduce((sum, count) => sum + count, 0);
  if (total > idle.length) return undefined;
  const cast = new Map<string, string[]>();
  let next = 0;
  for (const [role, count] of needs) {
    cast.set(role, idle.slice(next, next + count));
    next += count;
  }
  return cast;
}

/** `5 nodes (server 1, client 4)` */
export function describeNeeds(needs: ReadonlyMap<string, number>): string {
  const total = [...needs.values()].reduce((sum, count) => sum + count, 0);
  const parts = [...needs].map(([role, count]) => `${role} ${count}`);
  return `${total} ${total === 1 ? 'node' : 'nodes'} (${parts.join(', ')})`;
}
