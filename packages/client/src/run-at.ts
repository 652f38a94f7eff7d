/** What a run is at: its tests under way, every member of them, and who waits for whom. */
import type { MemberAt } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';
import type { RunAt, TestsMembers } from './run-types.ts';

/** Throws `NO_SUCH_RUN`. What changes between two pages is seen by the later one. */
export async function runAt(client: MasterClient, run: number): Promise<RunAt> {
  const { others: names, ...at } = await testAt(client, run);
  const others: TestsMembers[] = [];
  for (const name of names) {
    const { test, members } = await testAt(client, run, name);
    // It may have ended meanwhile.
    if (test !== undefined) others.push({ test, members });
  }
  return others.length === 0 ? at : { ...at, others };
}

async function testAt(
  client: MasterClient,
  run: number,
  name?: string,
): Promise<Omit<RunAt, 'others'> & { others: string[] }> {
  const members: MemberAt[] = [];
  for (;;) {
    const after = members.at(-1)?.member;
    const page = await client.call('run.ps', {
      run,
      ...(name === undefined ? {} : { test: name }),
      ...(after === undefined ? {} : { after }),
    });
    members.push(...page.members);
    if (page.more && page.members.length > 0) continue;
    const { head, test, others = [] } = page;
    return { head, ...(test === undefined ? {} : { test }), members, others };
  }
}
