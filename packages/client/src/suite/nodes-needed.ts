/** How many machines a run allocates: for each distinct role the largest count that any of its tests needs. */
import type { RunSpec } from '@tutti/protocol';

export function nodesNeeded(spec: RunSpec): number {
  const most = new Map<string, number>();
  for (const { name, count } of spec.tests.flatMap((test) => test.roles)) {
    most.set(name, Math.max(count, most.get(name) ?? 0));
  }
  return [...most.values()].reduce((sum, count) => sum + count, 0);
}
