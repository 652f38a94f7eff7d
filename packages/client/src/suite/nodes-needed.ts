/** How many machines a run allocates: for each role and what it asks of them the largest count that any test needs. */
import type { RunSpec } from '@tutti/protocol';

export function nodesNeeded({ tests }: Pick<RunSpec, 'tests'>): number {
  const most = new Map<string, number>();
  for (const { name, where = '', count, on } of tests.flatMap((test) => test.roles)) {
    // It is on the machine of another role.
    if (on !== undefined) continue;
    const key = `${name} ${where}`;
    most.set(key, Math.max(count, most.get(key) ?? 0));
  }
  return [...most.values()].reduce((sum, count) => sum + count, 0);
}
