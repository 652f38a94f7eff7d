/**
 * Brings everything of one member to the master over one session: its logs as they grow, its end, its artifacts.
 * On the next session it is done again from the start: lengths, and calls that do no harm twice, make it go on
 * where it broke off.
 *
 *   open logs ─▶ (grow: inotify wakes, a 5 s sweep is only the net) ─▶ member.ended ─▶ finish logs ─▶ artifacts ─▶ member.collected
 */
import { watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, FileSource, type OutgoingStream } from '@tutti/link';
import { type LogSource, type MemberEnd, TuttiError } from '@tutti/protocol';
import type { Log } from '../system/log.ts';
import { type Artifacts, digestOf, findArtifacts } from './artifacts.ts';
import type { MasterSession } from './sync-relay.ts';

/** What the shipper needs of a member. */
export interface ShippedMember {
  readonly id: string;
  /** Its `$TUTTI_OUT`. */
  readonly out: string;
  logs(): { source: LogSource; incarnation: number; path: string }[];
  /** Resolves with its end; at once when it has ended. */
  whenEnded(): Promise<MemberEnd>;
  /** The output it has written so far, in bytes. */
  noteOutput(bytes: number): void;
}

export interface ShipperDeps {
  clock: Clock;
  log: Log;
}

const SWEEP_MS = 5000;
const AT_ONCE = 8;

/** Resolves when the master has it all; rejects when the session ends first. */
export async function ship(
  member: ShippedMember,
  session: MasterSession,
  { clock, log }: ShipperDeps,
): Promise<void> {
  const sources: LogSourceFile[] = [];
  const streams: OutgoingStream[] = [];
  let stopWatching = () => {};
  try {
    const files = member.logs();
    for (const { source, incarnation, path } of files) {
      const file = new LogSourceFile(path);
      sources.push(file);
      const target = { to: 'log', member: member.id, source, incarnation } as const;
      streams.push(await session.openStream(target, file));
    }
    stopWatching = watchGrowth(member, dirname(files[0]?.path ?? member.out), streams, sources, clock, log);
    const end = await endOrClosed(member, session);
    await session.call('member.ended', { member: member.id, end });
    await finishLogs(member, end, streams);
    const artifacts = await findArtifacts(member.out);
    await shipArtifacts(member, artifacts, session);
    await session.call('member.collected', {
      member: member.id,
      skipped: artifacts.skipped,
      links: artifacts.links,
    });
  } finally {
    stopWatching();
    await Promise.all(sources.map((source) => source.close()));
  }
}

/** A log that does not exist yet has nothing in it yet. */
class LogSourceFile extends FileSource {
  size = 0;

  override async read(offset: number, max: number): Promise<Uint8Array> {
    try {
      const bytes = await super.read(offset, max);
      this.size = Math.max(this.size, offset + bytes.byteLength);
      return bytes;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await this.close();
      return new Uint8Array();
    }
  }
}

function watchGrowth(
  member: ShippedMember,
  dir: string,
  streams: OutgoingStream[],
  sources: LogSourceFile[],
  clock: Clock,
  log: Log,
): () => void {
  const wake = () => {
    for (const stream of streams) stream.wake();
    member.noteOutput(sources.reduce((sum, { size }) => sum + size, 0));
  };
  const watcher = watch(dir, wake);
  watcher.on('error', (error) =>
    log.warn({ err: error, member: member.id }, 'inotify failed; the sweep goes on'),
  );
  let cancel = () => {};
  const sweep = () => {
    wake();
    cancel = clock.after(SWEEP_MS, sweep);
  };
  sweep();
  return () => {
    watcher.close();
    cancel();
  };
}

function endOrClosed(member: ShippedMember, session: MasterSession): Promise<MemberEnd> {
  return new Promise((resolve, reject) => {
    session.onClosed(reject);
    member.whenEnded().then(resolve, reject);
  });
}

async function finishLogs(member: ShippedMember, end: MemberEnd, streams: OutgoingStream[]): Promise<void> {
  const files = member.logs();
  await Promise.all(
    streams.map(async (stream, position) => {
      const file = files[position];
      const final = end.logs.find(
        (log) => log.source === file?.source && log.incarnation === file.incarnation,
      );
      await stream.finish(final?.length ?? stream.length);
    }),
  );
}

async function shipArtifacts(
  member: ShippedMember,
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
  member: ShippedMember,
  { path, size, mode }: Artifacts['files'][number],
  { skipped }: Artifacts,
  session: MasterSession,
): Promise<void> {
  const source = new FileSource(join(member.out, path));
  try {
    const digest = await digestOf(join(member.out, path));
    const stream = await session.openStream(
      { to: 'artifact', member: member.id, path, digest, size, mode },
      source,
    );
    await stream.finish(size);
  } catch (thrown) {
    if (session.closed) throw session.closed;
    // One file that cannot be read or kept is not a reason to lose the others.
    skipped.push({ path, why: TuttiError.from(thrown).message });
  } finally {
    await source.close();
  }
}
