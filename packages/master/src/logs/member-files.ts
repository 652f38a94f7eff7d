/**
 * Everything of one member in the run directory: copies of its append-only files, its artifacts, what it says.
 *
 *   DIR/stdout.log  DIR/stderr.log  DIR/events.log  (DIR/stdout.1.log … after reboots)  DIR/out/…
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StreamSink } from '@tutti/link';
import { type LogSource, Manifest, type StreamTarget, TuttiError, validate } from '@tutti/protocol';
import { ArtifactSink } from './artifact.ts';
import { LogCopy } from './log-copy.ts';
import { MemberSaid } from './member-said.ts';

/** What an artifact is called until it is whole, and whatever its master's end has left of it. */
const PARTIAL = '.part-';

interface Link {
  readonly path: string;
  readonly target: string;
}

interface Skipped {
  path: string;
  why: string;
}

export interface MemberFilesOptions {
  /** Unix ms. */
  readonly now: () => number;
  /** Resolves when the disk has room for more. */
  readonly room: () => Promise<void> | undefined;
  /** Something on the disk was not as it was left; it was mended, and this says what was lost. */
  readonly onDamage: (what: string) => void;
  /** Its output is TAP, and says what its subtests are. */
  readonly isTap?: boolean;
  /** A log has grown: its name, its length, and when that was. */
  readonly onGrown?: (name: string, length: number, at: number) => void;
}

export class MemberFiles {
  /** Absolute. */
  readonly dir: string;
  /** What it says of itself in its logs. */
  readonly said: MemberSaid;
  readonly #options: MemberFilesOptions;
  /** The newest stream of each log, by the log's name. */
  readonly #copies = new Map<string, Promise<LogCopy>>();
  readonly #artifacts = new Set<ArtifactSink>();
  #linking: Promise<Skipped[]> | undefined;
  #received = 0;
  #waiting = 0;
  #closed = false;

  constructor(dir: string, options: MemberFilesOptions) {
    this.dir = dir;
    this.#options = options;
    this.said = new MemberSaid(dir, options.isTap === true);
  }

  /** Bytes that have come, of logs and artifacts: whether they still do tells a slow agent from a stuck one. */
  get received(): number {
    return this.#received;
  }

  /** Something of it has come that the disk has no room for. */
  get waitsForRoom(): boolean {
    return this.#waiting > 0;
  }

  /** A new stream of a log; it takes the place of the one before, whose last write it waits for. */
  async log(source: LogSource, incarnation: number): Promise<StreamSink> {
    this.#requireOpen();
    const name = `${source}${incarnation === 0 ? '' : `.${incarnation}`}.log`;
    const copy = this.#reopen(name, this.#copies.get(name));
    this.#copies.set(name, copy);
    const opened = await copy;
    await this.said.opened(name);
    if (!this.said.reads(name)) return this.#counted(opened);
    return this.#counted(opened, (bytes) => this.said.took(name, bytes, opened.length, this.#options.now()));
  }

  async artifact({ path, digest, size, mode }: StreamTarget & { to: 'artifact' }): Promise<StreamSink> {
    this.#requireOpen();
    if (this.#linking) throw new TuttiError('BAD_PARAMS', `${path} comes after the end of all artifacts`);
    const partial = join(this.dir, `${PARTIAL}${randomBytes(8).toString('hex')}`);
    const sink: ArtifactSink = await ArtifactSink.create({
      ...{ path: join(this.dir, 'out', path), partial, digest, size, mode },
      onClosed: () => this.#artifacts.delete(sink),
    });
    this.#artifacts.add(sink);
    if (this.#closed) await sink.close();
    this.#requireOpen();
    return this.#counted(sink);
  }

  /**
   * Links come last, and once, so that no file is ever written through one. Returns which could not be made; being
   * told twice, after a lost connection, does nothing.
   */
  links(links: readonly Link[]): Promise<Skipped[]> {
    this.#linking ??= this.#makeLinks(links);
    return this.#linking;
  }

  /** Nothing is written any more once this has resolved, and nothing is there that is not whole. */
  async close(): Promise<void> {
    this.#closed = true;
    const copies = await Promise.allSettled(this.#copies.values());
    await Promise.all([
      ...copies.map((copy) => (copy.status === 'fulfilled' ? copy.value.close() : undefined)),
      ...[...this.#artifacts].map((sink) => sink.close()),
    ]);
    const files = await readdir(this.dir).catch((): string[] => []);
    const left = files.filter((name) => name.startsWith(PARTIAL));
    await Promise.all(left.map((name) => rm(join(this.dir, name), { force: true })));
  }

  async #reopen(name: string, previous: Promise<LogCopy> | undefined): Promise<LogCopy> {
    const before = await previous?.catch(() => undefined);
    await before?.close();
    this.#requireOpen();
    const { now, onDamage, onGrown } = this.#options;
    return LogCopy.open(join(this.dir, name), now, onDamage, (length, at) => onGrown?.(name, length, at));
  }

  async #makeLinks(links: readonly Link[]): Promise<Skipped[]> {
    try {
      const entries = links.map((link) => ({ kind: 'link' as const, ...link }));
      validate(Manifest, entries, 'PATH_ESCAPES', 'the links of $TUTTI_OUT');
    } catch (error) {
      return links.map(({ path }) => ({ path, why: (error as Error).message }));
    }
    const refused: Skipped[] = [];
    for (const { path, target } of links) {
      const at = join(this.dir, 'out', path);
      try {
        await mkdir(dirname(at), { recursive: true });
        await symlink(target, at);
      } catch (error) {
        // An earlier master made it.
        if ((await readlink(at).catch(() => undefined)) === target) continue;
        refused.push({ path, why: (error as Error).message });
      }
    }
    return refused;
  }

  #counted(sink: StreamSink, written?: (bytes: Uint8Array) => Promise<void>): StreamSink {
    return {
      length: sink.length,
      write: async (bytes) => {
        this.#received += bytes.byteLength;
        const room = this.#options.room();
        if (room) await this.#until(room);
        await sink.write(bytes);
        await written?.(bytes);
      },
      finish: (length) => sink.finish(length),
      abort: () => sink.abort(),
    };
  }

  async #until(room: Promise<void>): Promise<void> {
    this.#waiting += 1;
    try {
      await room;
    } finally {
      this.#waiting -= 1;
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new TuttiError('NO_SUCH_MEMBER', `what ${this.dir} holds is complete`);
  }
}
