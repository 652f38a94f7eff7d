/**
 * The member directories that are there when an agent starts, as members again, and so the directories of commands in them
 * and beside them.
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
import { CommandSpec, Id, type MemberEnd, MemberSpec } from '@tutti/protocol';
import { Command } from '../commands/command.ts';
import { CommandLayout, isCommandDirectory } from '../commands/command-layout.ts';
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
import { readStartRecord, type StartRecord } from './start-record.ts';
import { readStop } from './stop-mark.ts';

const DAMAGED = '.damaged';

export interface Found {
  readonly members: Member[];
  readonly commands: Command[];
}

export async function findMembers(dir: string, context: MemberContext): Promise<Found> {
  const found: Found = { members: [], commands: [] };
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    try {
      if (name.endsWith(HALF_MADE) || name.endsWith(HALF_REMOVED)) await removeTree(path);
      else if (name.endsWith(DAMAGED)) continue;
      else if (Id.safeParse(name).success) await findOne(path, found, context);
      else context.log.warn({ path }, 'not a member directory; left alone');
    } catch (thrown) {
      context.log.error({ path, err: thrown }, 'a member directory cannot be taken over; left alone');
    }
  }
  return found;
}

async function findOne(path: string, found: Found, context: MemberContext): Promise<void> {
  const command = new CommandLayout(path);
  if ((await readSpec(command, CommandSpec)) !== undefined) {
    await findCommand(command, undefined, found, context);
    return;
  }
  const layout = new Layout(path, latestIncarnation(path));
  const member = await memberOf(layout, context);
  if (member === undefined) return;
  found.members.push(member);
  // Before the member: where it is to be stopped they come first.
  for (const name of await readdir(path)) {
    const at = join(path, name);
    if (isCommandDirectory(name)) await findCommand(new CommandLayout(at), member, found, context);
    else if (/^cmd-.*\.(tmp|gone)$/.test(name)) await removeTree(at);
  }
  await takeUp(member, layout);
}

async function memberOf(layout: Layout, context: MemberContext): Promise<Member | undefined> {
  const record = readStartRecord(layout);
  const spec = await readSpec(layout, MemberSpec);
  if (spec === undefined) {
    for (const name of await readdir(layout.dir))
      if (isCommandDirectory(name)) await killAll(new CommandLayout(join(layout.dir, name)), context);
    await putAside(layout, context);
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
  return new Member(
    spec,
    resumes(layout, end, record, context) ? layout.next : layout,
    context,
    end === undefined ? { at: 'prepared' } : { at: 'ended', end },
  );
}

/** Goes on where the agent before this one left: `layout` is that of the last incarnation that was started. */
async function takeUp(member: Member, layout: Layout): Promise<void> {
  const record = readStartRecord(layout);
  if (record === undefined) return;
  const goesOn =
    member.state.at === 'prepared' &&
    member.layout.n === layout.n &&
    member.wasStarted(record, wrapperRan(layout));
  if (goesOn) await member.adopt(record);
  else member.remember(record);
}

/** Another boot, and it had announced that. */
function resumes(
  layout: Layout,
  end: MemberEnd | undefined,
  record: StartRecord | undefined,
  { bootId }: MemberContext,
): boolean {
  const crashed = record !== undefined && record.boot !== bootId;
  const announced = readRebootMark(layout) !== undefined && readStop(layout) === undefined;
  return end === undefined && crashed && announced;
}

async function findCommand(
  layout: CommandLayout,
  of: Member | undefined,
  found: Found,
  context: MemberContext,
): Promise<void> {
  const record = readStartRecord(layout);
  const spec = await readSpec(layout, CommandSpec);
  if (spec === undefined) {
    await putAside(layout, context);
    return;
  }
  const end = await readEnd(layout);
  if (record === undefined && end === undefined && !(await isWhole(layout, context.bootId))) {
    // Its machine went down before it was started.
    await removeDirectory(layout.dir);
    return;
  }
  const command = new Command(
    spec,
    layout,
    of,
    context,
    end === undefined ? { at: 'prepared' } : { at: 'ended', end },
  );
  found.commands.push(command);
  of?.commands.add(command);
  if (record === undefined) return;
  if (end === undefined && command.wasStarted(record, wrapperRan(layout))) await command.adopt(record);
  else command.remember(record);
}

async function killAll(layout: Layout, context: MemberContext): Promise<StartRecord | undefined> {
  const record = readStartRecord(layout);
  const processes = new MemberProcesses(layout, context.bootId);
  if (record !== undefined) processes.use(record);
  await processes.kill();
  return record;
}

/** Without a spec nobody can be told of it. */
async function putAside(layout: Layout, context: MemberContext): Promise<void> {
  if ((await killAll(layout, context)) === undefined) {
    context.log.warn({ path: layout.dir }, 'a member directory without a readable spec is removed');
    await removeDirectory(layout.dir);
    return;
  }
  // What it has written may be all that tells what happened to it.
  const aside = `${layout.dir}${DAMAGED}`;
  context.log.error(
    { path: aside },
    'a member directory without a readable spec is set aside; remove it by hand',
  );
  await rename(layout.dir, aside);
}

/** The agent may have been killed between its decision and the wrapper's first step. */
function wrapperRan(layout: Layout): boolean {
  if (existsSync(layout.claim) || readStop(layout) !== undefined) return true;
  const alive = new LifeLine(layout.alive);
  const held = alive.isHeld();
  alive.close();
  return held;
}
