/**
 * Everything of one member in the run directory: copies of its append-only files, its artifacts, its subtests.
 *
 *   DIR/stdout.log  DIR/stderr.log  DIR/events.log  (DIR/stdout.1.log … after reboots)  DIR/out/…
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { StreamSink } from '@tutti/link';
import {
  type LogSource,
  Manifest,
  MemberEvent,
  type StreamTarget,
  type Subtest,
  TuttiError,
  validate,
} from '@tutti/protocol';
import { ArtifactSink } from './artifact.ts';
import { LogCopy } from './log-copy.ts';

const EVENTS = /^events(?:\.(\d+))?\.log$/;

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
  /** A log has grown: its name, its length, and when that was. */
  readonly onGrown?: (name: string, length: number, at: number) => void;
}

export class MemberFiles {
  /** Absolute. */
  readonly dir: string;
  readonly #options: MemberFilesOptions;
  /** The newest stream of each log, by the log's name. */
  readonly #copies = new Map<string, Promise<LogCopy>>();
  readonly #artifacts = new Set<ArtifactSink>();
  #linking: Promise<Skipped[]> | undefined;
  #received = 0;
  #closed = false;

  constructor(dir: string, options: MemberFilesOptions) {
    this.dir = dir;
    this.#options = options;
  }

  /** Bytes that have come, of logs and artifacts: whether they still do tells a slow agent from a stuck one. */
  get received(): number {
    return this.#received;
  }

  /** A new stream of a log; it takes the place of the one before, whose last write it waits for. */
  async log(source: LogSource, incarnation: number): Promise<StreamSink> {
    this.#requireOpen();
    const name = `${source}${incarnation === 0 ? '' : `.${incarnation}`}.log`;
    const copy = this.#reopen(name, this.#copies.get(name));
    this.#copies.set(name, copy);
    return this.#counted(await copy);
  }

  async artifact({ path, digest, size, mode }: StreamTarget & { to: 'artifact' }): Promise<StreamSink> {
    this.#requireOpen();
    if (this.#linking) throw new TuttiError('BAD_PARAMS', `${path} comes after the end of all artifacts`);
    const partial = join(this.dir, `.part-${randomBytes(8).toString('hex')}`);
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

  /** What the member reported with `tutti result`, in order; the last report of a name stands. */
  async subtests(): Promise<Subtest[]> {
    const found = new Map<string, Subtest>();
    for (const name of await this.#eventLogs()) {
      const input = createReadStream(join(this.dir, name));
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        const event = MemberEvent.safeParse(parse(line));
        if (!event.success) continue;
        const { name: subtest, status, measure, unit, message } = event.data;
        found.set(subtest, {
          name: subtest,
          status,
          ...(measure === undefined ? {} : { measure }),
          ...(unit === undefined ? {} : { unit }),
          ...(message === undefined ? {} : { message }),
        });
      }
    }
    return [...found.values()];
  }

  /** Also those that an earlier master received; the first incarnation's first. */
  async #eventLogs(): Promise<string[]> {
    const there = await readdir(this.dir).catch((): string[] => []);
    const names = [...new Set([...this.#copies.keys(), ...there])];
    const incarnation = (name: string) => Number(EVENTS.exec(name)?.[1] ?? 0);
    return names.filter((name) => EVENTS.test(name)).toSorted((a, b) => incarnation(a) - incarnation(b));
  }

  /** Nothing is written any more once this has resolved. */
  async close(): Promise<void> {
    this.#closed = true;
    const copies = await Promise.allSettled(this.#copies.values());
    await Promise.all([
      ...copies.map((copy) => (copy.status === 'fulfilled' ? copy.value.close() : undefined)),
      ...[...this.#artifacts].map((sink) => sink.close()),
    ]);
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

  #counted(sink: StreamSink): StreamSink {
    return {
      length: sink.length,
      write: async (bytes) => {
        this.#received += bytes.byteLength;
        const room = this.#options.room();
        if (room) await room;
        await sink.write(bytes);
      },
      finish: (length) => sink.finish(length),
      abort: () => sink.abort(),
    };
  }

  #requireOpen(): void {
    if (this.#closed) throw new TuttiError('NO_SUCH_MEMBER', `what ${this.dir} holds is complete`);
  }
}

/** The agent writes whole lines; a torn last one after a crash of its machine was never answered. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
