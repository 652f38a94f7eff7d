/** How a member ended, as its master is told: measured once, when nothing writes its files any more. */
import { readFile, stat } from 'node:fs/promises';
import { type Exit, MemberEnd, type StopReason } from '@tutti/protocol';
import type { Masks } from '../secrets/masks.ts';
import type { MemberContext } from './context.ts';
import { lastLine } from './last-line.ts';
import { Layout } from './layout.ts';
import { readRebootMark } from './reboot-mark.ts';
import type { StartRecord } from './start-record.ts';
import { readStatus, readTrace } from './traces.ts';

interface How {
  readonly exit: Exit;
  readonly stop: StopReason | undefined;
  readonly survivors: number;
}

export async function measureEnd(
  layout: Layout,
  how: How,
  record: StartRecord | undefined,
  context: Pick<MemberContext, 'clock' | 'bootId'>,
  masks: Masks,
): Promise<MemberEnd> {
  const logs: MemberEnd['logs'] = [];
  for (const each of layout.all) {
    for (const source of each.sources)
      logs.push({ source, incarnation: each.n, length: await lengthOf(each.log(source)) });
  }
  const said = layout.all.toReversed().flatMap((each) => [each.log('stderr'), each.log('stdout')]);
  return {
    exit: how.exit,
    ...(how.stop === undefined ? {} : { stopped: how.stop }),
    duration: durationOf(layout, how, record, context),
    logs,
    lastLine: await lastLine(said, masks),
    survivors: how.survivors,
  };
}

/** A script may have removed even its own log; its member ends all the same. */
async function lengthOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

export async function readEnd(layout: Layout): Promise<MemberEnd | undefined> {
  try {
    const parsed = MemberEnd.safeParse(JSON.parse(await readFile(layout.end, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds. What the wrapper noted is right also when no agent ran at the end; without it, now is the best guess. */
function durationOf(
  layout: Layout,
  how: How,
  record: StartRecord | undefined,
  { clock, bootId }: Pick<MemberContext, 'clock' | 'bootId'>,
): number {
  const before = layout.n === 0 ? 0 : (readRebootMark(new Layout(layout.dir, layout.n - 1))?.ran ?? 0) / 1000;
  if (record === undefined || how.exit.how === 'not-started') return round(before);
  const script = readTrace(layout.pid, record.boot);
  const status = readStatus(layout.status);
  if (script !== undefined && status !== undefined) return round(before + status.uptime - script.uptime);
  return round(before + (record.boot === bootId ? (clock.monotonicMs() - record.at) / 1000 : 0));
}

/** The uptime clock has hundredths. */
function round(seconds: number): number {
  return Math.max(0, Math.round(seconds * 1000) / 1000);
}
