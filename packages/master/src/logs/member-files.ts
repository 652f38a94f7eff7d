/**
 * Everything of one member in the run directory: copies of its append-only files, its artifacts, its subtests.
 *
 *   DIR/stdout.log  DIR/stderr.log  DIR/events.log  (DIR/stdout.1.log … after reboots)  DIR/out/…
 */
import { createReadStream } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { StreamSink } from '@tutti/link';
import {
  type LogSource,
  Manifest,
  MemberEvent,
  type StreamTarget,
  type Subtest,
  validate,
} from '@tutti/protocol';
import { ArtifactSink } from './artifact.ts';
import { LogCopy } from './log-copy.ts';

export class MemberFiles {
  readonly dir: string;
  readonly #now: () => number;
  readonly #copies = new Map<string, LogCopy>();

  /** `dir` is absolute; `now` gives Unix ms. */
  constructor(dir: string, now: () => number) {
    this.dir = dir;
    this.#now = now;
  }

  async log(source: LogSource, incarnation: number): Promise<StreamSink> {
    const name = `${source}${incarnation === 0 ? '' : `.${incarnation}`}.log`;
    let copy = this.#copies.get(name);
    if (copy === undefined) {
      copy = new LogCopy(join(this.dir, name), this.#now);
      this.#copies.set(name, copy);
    }
    await copy.open();
    return copy;
  }

  artifact({ path, digest, size, mode }: StreamTarget & { to: 'artifact' }): Promise<StreamSink> {
    return ArtifactSink.create(join(this.dir, 'out', path), { digest, size, mode });
  }

  /** Links come last, so that no file is ever written through one. */
  async links(links: readonly { path: string; target: string }[]): Promise<void> {
    const entries = links.map((link) => ({ kind: 'link' as const, ...link }));
    validate(Manifest, entries, 'PATH_ESCAPES', 'the links of $TUTTI_OUT');
    for (const { path, target } of links) {
      const at = join(this.dir, 'out', path);
      await mkdir(dirname(at), { recursive: true });
      await symlink(target, at).catch((error: unknown) => {
        // Told twice after a lost connection.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      });
    }
  }

  length(source: LogSource, incarnation: number): number {
    return this.#copies.get(`${source}${incarnation === 0 ? '' : `.${incarnation}`}.log`)?.length ?? 0;
  }

  /** What the member reported with `tutti result`, in order; the last report of a name stands. */
  async subtests(): Promise<Subtest[]> {
    const found = new Map<string, Subtest>();
    for (const [name, { path }] of this.#copies) {
      if (!name.startsWith('events')) continue;
      for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
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

  async close(): Promise<void> {
    await Promise.all([...this.#copies.values()].map((copy) => copy.close()));
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
