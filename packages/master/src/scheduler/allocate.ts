/** Which nodes a run gets: all it needs or none. Pure. */

/** Role → nodes, taken from `idle` in its order; undefined when there are not enough. */
export function allocate<Node>(
  needs: ReadonlyMap<string, number>,
  idle: readonly Node[],
): Map<string, Node[]> | undefined {
  if (total(needs) > idle.length) return undefined;
  const cast = new Map<string, Node[]>();
  let next = 0;
  for (const [role, count] of needs) {
    cast.set(role, idle.slice(next, next + count));
    next += count;
  }
  return cast;
}

/** `5 nodes (server 1, client 4)` */
export function describeNeeds(needs: ReadonlyMap<string, number>): string {
  const parts = [...needs].map(([role, count]) => `${role} ${count}`);
  return `${total(needs)} ${total(needs) === 1 ? 'node' : 'nodes'} (${parts.join(', ')})`;
}

export function total(needs: ReadonlyMap<string, number>): number {
  return [...needs.values()].reduce((sum, count) => sum + count, 0);
}
