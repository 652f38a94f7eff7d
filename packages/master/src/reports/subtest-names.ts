/** Names of a test's subtests that stay apart where several members, or one member several times, chose the same. */
import type { ReportSubtest } from '@tutti/protocol';

/** One name for each subtest, in their order: `tcp`, else `tcp [client.0]`, else `tcp [client.0] #2`. */
export function subtestNames(subtests: readonly ReportSubtest[]): string[] {
  const membersOf = new Map<string, Set<string>>();
  for (const { name, member } of subtests)
    membersOf.set(name, (membersOf.get(name) ?? new Set()).add(member));

  const seen = new Map<string, number>();
  return subtests.map(({ name, member }) => {
    const apart = (membersOf.get(name)?.size ?? 0) > 1 ? `${name} [${member}]` : name;
    const times = (seen.get(apart) ?? 0) + 1;
    seen.set(apart, times);
    return times === 1 ? apart : `${apart} #${times}`;
  });
}
