/**
 * The member directories that are there when an agent starts, as members again.
 *
 *   half made, half removed               removed
 *   without a readable spec               removed if it was never started, else set aside under another name
 *   end.json                              ended, said as before
 *   never started, from before a crash    removed: some of its files may be missing or torn
 *   no start decided, or not carried out  prepared
 *   a reboot announced, another boot id   prepared as the next incarnation, which starts by itself
 *   anything else                         goes on: watched while its wrapper lives, else ended by what that left
 */
import { existsSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Id } from '@tutti/protocol';
import { LifeLine } from '../system/fifo.ts';
import { removeTree } from '../system/remove-tree.ts';
import type { MemberContext } from './context.ts';
import { HALF_MADE, HALF_REMOVED, isWhole, readSpec, removeDirectory } from './directory.ts';
import { readEnd } from './end.ts';
import { latestIncarnation } from './incarnation.ts';
import { Layout } from './layout.ts';
import { Member } from './member.ts';
import { MemberProcesses } from './member-processes.ts';
import { readRebootMark } from './reboot-mark.ts';
import { readStartRecord } from './start-record.ts';
import { readStop } from './stop-mark.ts';

const DAMAGED = '.damaged';

export async function findMembers(dir: string, context: MemberContext): Promise<Member[]> {
  const found: Member[] = [];
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    try {
      if (name.endsWith(HALF_MADE) || name.endsWith(HALF_REMOVED)) await removeTree(path);
      else if (name.endsWith(DAMAGED)) continue;
      else if (Id.safeParse(name).success) {
        const member = await findMember(new Layout(path, latestIncarnation(path)), context);
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
    const processes = new MemberProcesses(layout, context.bootId);
    if (record !== undefined) processes.use(record);
    await processes.kill();
    if (record === undefined) {
      context.log.warn({ path: layout.dir }, 'a member directory without a readable spec is removed');
      await removeDirectory(layout.dir);
    } else {
      // What it has written may be all that tells what happened to it.
      const aside = `${layout.dir}${DAMAGED}`;
      context.log.error(
        { path: aside },
        'a member directory without a readable spec is set aside; remove it by hand',
      );
      await rename(layout.dir, aside);
    }
    return undefined;
  }
  const end = await readEnd(layout);
  if (record === undefined && end === undefined && !(await isWhole(layout, context.bootId))) {
    context.log.warn(
      { path: layout.dir },
      'a member directory is removed: its machine went down before the member was started',
    );
    await removeDirectory(layout.dir);
    return undefined;
  }
  const crashed = record !== undefined && record.boot !== context.bootId;
  const announced = readRebootMark(layout) !== undefined && readStop(layout) === undefined;
  const resumes = end === undefined && crashed && announced;
  const member = new Member(
    spec,
    resumes ? layout.next : layout,
    context,
    end === undefined ? { at: 'prepared' } : { at: 'ended', end },
  );
  if (record === undefined) return member;
  const goesOn = end === undefined && !resumes && (crashed || wasStarted(layout));
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
