/**
 * Brings everything of one member to the master over one session: its logs as they grow, its end, its artifacts.
 * On the next session it is done again from the start: lengths, and calls that do no harm twice, make it go on
 * where it broke off.
 *
 *   open logs ─▶ (grow: inotify wakes, a 5 s sweep is only the net) ─▶ member.ended ─▶ finish logs ─▶ artifacts ─▶ member.collected
 */
import { dirname, join } from 'node:path';
import { type Clock, FileSource, type OutgoingStream } from '@tutti/link';
import { type LogSource, type MemberEnd, TuttiError } from '@tutti/protocol';
import { SizedFile } from '../files/sized-file.ts';
import { MaskedSource } from '../secrets/masked-source.ts';
import { Masks } from '../secrets/masks.ts';
import type { Log } from '../system/log.ts';
import { type Artifacts, findArtifacts, listed } from './artifacts.ts';
import { watchGrowth } from './growth.ts';
import type { MasterSession } from './master-link.ts';

/** What the shipper needs of a member. */
export interface ShippedMember {
  readonly id: string;
  /** Its `$TUTTI_OUT`; a command has none. */
  readonly out: string | undefined;
  logs(): { source: LogSource; incarnation: number; path: string }[];
  /** Of its secrets, in what it printed. */
  readonly masks: Masks;
  /** Resolves with its end; at once when it has ended. Rejects when `signal` aborts or the end will not be told. */
  whenEnded(signal: AbortSignal): Promise<MemberEnd>;
  /** The output it has written so far, in bytes. */
  noteOutput(bytes: number): void;
}

export interface ShipperDeps {
  clock: Clock;
  log: Log;
  /** Aborted when the session ends. */
  over: AbortSignal;
}

interface ShippedLog {
  source: LogSource;
  incarnation: number;
  file: LogFile;
  masked: MaskedSource;
  stream: OutgoingStream;
}

const AT_ONCE = 8;
/** Events are masked when they are written. */
const NOTHING = new Masks([]);

/** Resolves when the master has it all; rejects when the session ends first. */
export async function ship(member: ShippedMember, session: MasterSession, deps: ShipperDeps): Promise<void> {
  const files = member.logs().map((log) => {
    const file = new LogFile(log.path);
    return { ...log, file, masked: new MaskedSource(file, log.source === 'events' ? NOTHING : member.masks) };
  });
  const logs: ShippedLog[] = [];
  let stopWatching = () => {};
  try {
    await Promise.all(files.map(async (log) => logs.push(await openLog(member, log, session))));
    const [first] = files;
    if (first) stopWatching = watchLogs(member, dirname(first.path), logs, deps);
    const end = await member.whenEnded(deps.over);
    await session.call('member.ended', { member: member.id, end });
    await Promise.all(logs.map((log) => finishLog(log, end)));
    const artifacts = await artifactsOf(member, session);
    await session.call('member.collected', { member: member.id, ...listed(artifacts) });
  } catch (error) {
    // On a session that lives on, a stream that nobody ends would stay open at both ends, and open its file again.
    for (const { stream } of logs) stream.finish(stream.length).catch(() => {});
    throw error;
  } finally {
    stopWatching();
    await Promise.all(files.map(({ file }) => file.close()));
  }
}

/** A log that does not exist yet has nothing in it yet. */
class LogFile extends FileSource {
  size = 0;

  override async read(offset: number, into: Uint8Array): Promise<number> {
    try {
      const length = await super.read(offset, into);
      this.size = Math.max(this.size, offset + length);
      return length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return 0;
    }
  }
}

async function openLog(
  { id }: ShippedMember,
  log: Omit<ShippedLog, 'stream'>,
  session: MasterSession,
): Promise<ShippedLog> {
  const { source, incarnation, masked } = log;
  return { ...log, stream: await session.openStream({ to: 'log', member: id, source, incarnation }, masked) };
}

function watchLogs(
  member: ShippedMember,
  dir: string,
  logs: readonly ShippedLog[],
  { clock, log }: ShipperDeps,
): () => void {
  return watchGrowth(dir, {
    clock,
    wake: () => {
      for (const { stream } of logs) stream.wake();
      member.noteOutput(logs.reduce((sum, { file }) => sum + file.size, 0));
    },
    onBlind: (error) => log.warn({ err: error, member: member.id }, 'inotify failed; the sweep goes on'),
  });
}

/** What the master has beyond the disk, after a crash of this machine, stays. */
async function finishLog(
  { source, incarnation, masked, stream }: ShippedLog,
  { logs }: MemberEnd,
): Promise<void> {
  masked.complete();
  const final = logs.find((log) => log.source === source && log.incarnation === incarnation);
  await stream.finish(Math.max(final?.length ?? 0, stream.length));
}

async function artifactsOf({ id, out }: ShippedMember, session: MasterSession): Promise<Artifacts> {
  if (out === undefined) return { files: [], links: [], skipped: [] };
  const artifacts = await findArtifacts(out);
  await shipArtifacts({ id, out }, artifacts, session);
  return artifacts;
}

async function shipArtifacts(
  member: { id: string; out: string },
  artifacts: Artifacts,
  session: MasterSession,
): Promise<void> {
  const queue = [...artifacts.files];
  const worker = async () => {
    for (let file = queue.shift(); file; file = queue.shift())
      await shipArtifact(member, file, artifacts, session);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function shipArtifact(
  member: { id: string; out: string },
  { path, size, mode }: Artifacts['files'][number],
  { skipped }: Artifacts,
  session: MasterSession,
): Promise<void> {
  const file = new SizedFile(join(member.out, path), size);
  try {
    const digest = await file.digest();
    const target = { to: 'artifact', member: member.id, path, digest, size, mode } as const;
    const stream = await session.openStream(target, file);
    await stream.finish(size);
  } catch (thrown) {
    if (session.closed) throw session.closed;
    // One file that cannot be read or kept is not a reason to lose the others.
    skipped.push({ path, why: TuttiError.from(thrown).message });
  } finally {
    await file.close();
  }
}
