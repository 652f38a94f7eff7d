/** What a run is at: its test under way, every member of it, and who waits for whom. */
import type { MemberAt, RunHead, TestAt } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

export interface RunAt {
  head: RunHead;
  test?: TestAt;
  members: MemberAt[];
}

/** Throws `NO_SUCH_RUN`. What changes between two pages is seen by the later one. */
export async function runAt(client: MasterClient, run: number): Promise<RunAt> {
  const members: MemberAt[] = [];
  for (;;) {
    const after = members.at(-1)?.member;
    const page = await client.call('run.ps', { run, ...(after === undefined ? {} : { after }) });
    members.push(...page.members);
    if (page.more && page.members.length > 0) continue;
    return { head: page.head, ...(page.test === undefined ? {} : { test: page.test }), members };
  }
}
