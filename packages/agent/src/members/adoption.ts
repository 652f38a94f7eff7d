/**
 * The member directories that are there when an agent starts, as members again.
 *
 *   half made, half removed, unreadable   removed
 *   end.json                              ended, said as before
 *   no start decided, or not carried out  prepared
 *   anything else                         goes on: watched while its wrapper lives, else ended by what that left
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Id } from '@tutti/protocol';
import { LifeLine } from '../system/fifo.ts';
import { removeTree } from '../system/remove-tree.ts';
import type { MemberContext } from './context.ts';
import { HALF_MADE, HALF_REMOVED, readSpec, removeDirectory } from './directory.ts';
import { readEnd } from './end.ts';
import { Layout } from './layout.ts';
import { Member } from './member.ts';
import { MemberProcesses } from './member-processes.ts';
import { readStartRecord } from './start-record.ts';
import { readStop } from './stop-mark.ts';

export async function findMembers(dir: string, context: MemberContext): Promise<Member[]> {
  const found: Member[] = [];
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    try {
      if (name.endsWith(HALF_MADE) || name.endsWith(HALF_REMOVED)) await removeTree(path);
      else if (Id.safeParse(name).success) {
        const member = await findMember(new Layout(path), context);
        if (member !== undefined) found.push(member);
      } else context.log.warn({ path }, 'not a member directory; left alone');
    } catch (thrown) {
      context.log.error({ path, err: thrown }, 'a member directory cannot be taken over; left alone');
    }
  }
  return found;
}

async function findMember(layout: Layout, context: MemberContext): Promise<Member | undefined> {
  const record = readStartRecord(layout);
  const spec = await readSpec(layout);
  if (spec === undefined) {
    context.log.warn({ path: layout.dir }, 'a member directory without a readable spec is removed');
    const processes = new MemberProcesses(layout, context.bootId);
    if (record !== undefined) processes.use(record);
    await processes.kill();
    await removeDirectory(layout.dir);
    return undefined;
  }
  const end = await readEnd(layout);
  const member = new Member(
    spec,
    layout,
    context,
    end === undefined ? { at: 'prepared' } : { at: 'ended', end },
  );
  if (record === undefined) return member;
  const goesOn = end === undefined && (record.boot !== context.bootId || wasStarted(layout));
  if (goesOn) await member.adopt(record);
  else member.remember(record);
  return member;
}

/** The agent may have been killed between its decision and the wrapper's first step. */
function wasStarted(layout: Layout): boolean {
  if (existsSync(layout.claim) || readStop(layout) !== undefined) return true;
  const alive = new LifeLine(layout.alive);
  const held = alive.isHeld();
  alive.close();
  return held;
}
