/** A member as the shipper sees it, made of plain files, and the master's copies of them in memory. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StreamAcceptor } from '@tutti/link';
import type { CallParams, LogSource, MemberEnd, StreamTarget } from '@tutti/protocol';
import { type ConnectedSessions, connectedSessions, FakeClock, MemoryFile, MemorySink } from '@tutti/testkit';
import { onTestFinished } from 'vitest';
import { Masks } from '../../src/secrets/masks.ts';
import { Ends } from '../../src/ship/ends.ts';
import { type ShippedMember, ship } from '../../src/ship/shipper.ts';
import type { Log } from '../../src/system/log.ts';

export const MEMBER = '0123456789abcdef0123456789abcdef';
const SOURCES: readonly LogSource[] = ['stdout', 'stderr', 'events'];

export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-ship-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export class MemberOnDisk implements ShippedMember {
  readonly id = MEMBER;
  masks = new Masks([]);
  readonly dir: string;
  /** What the shipper has said of the output. */
  readonly noted: number[] = [];
  readonly ends = new Ends(() => this.#end);
  #end: MemberEnd | undefined;

  constructor(dir = temporaryDirectory()) {
    this.dir = dir;
    mkdirSync(this.out, { recursive: true });
  }

  get out(): string {
    return join(this.dir, 'out');
  }

  path(source: LogSource): string {
    return join(this.dir, `${source}.0`);
  }

  logs(): { source: LogSource; incarnation: number; path: string }[] {
    return SOURCES.map((source) => ({ source, incarnation: 0, path: this.path(source) }));
  }

  append(source: LogSource, bytes: string | Uint8Array): void {
    appendFileSync(this.path(source), bytes);
  }

  bytes(source: LogSource): Buffer {
    try {
      return readFileSync(this.path(source));
    } catch {
      return Buffer.alloc(0);
    }
  }

  /** It has ended, and its files are as long as they are now. */
  over(more: Partial<MemberEnd> = {}): MemberEnd {
    const logs = SOURCES.map((source) => ({ source, incarnation: 0, length: this.bytes(source).byteLength }));
    const exit = { how: 'exited', code: 0 } as const;
    this.#end = { exit, duration: 1, logs, lastLine: '', survivors: 0, ...more };
    this.ends.tell(this.id, this.#end);
    return this.#end;
  }

  whenEnded(signal: AbortSignal): Promise<MemberEnd> {
    return this.ends.of(this.id, signal);
  }

  noteOutput(bytes: number): void {
    this.noted.push(bytes);
  }

  /** Files of the member that this process holds open. */
  get handles(): string[] {
    return readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith(this.dir) ? [path] : [];
      } catch {
        return [];
      }
    });
  }
}

/** What outlives sessions at the master. */
export class MasterCopies {
  readonly logs = new Map<string, MemoryFile>();
  readonly artifacts = new Map<string, { bytes: Buffer; mode: number; digest: string }>();
  readonly sinks: { target: StreamTarget; sink: MemorySink }[] = [];
  readonly ended: CallParams<'member.ended'>[] = [];
  readonly collected: CallParams<'member.collected'>[] = [];
  /** `member.ended` is answered after it. */
  answerEnd = (): Promise<void> => Promise.resolve();
  /** May throw, to refuse a stream. */
  refuse: (target: StreamTarget) => void = () => {};

  log(source: LogSource, incarnation = 0): MemoryFile {
    const name = `${source}.${incarnation}`;
    const file = this.logs.get(name) ?? new MemoryFile();
    this.logs.set(name, file);
    return file;
  }

  accept: StreamAcceptor = (target) => {
    this.refuse(target);
    const sink = new MemorySink(
      target.to === 'log' ? this.log(target.source, target.incarnation) : new MemoryFile(),
    );
    this.sinks.push({ target, sink });
    if (target.to !== 'artifact') return sink;
    const finish = sink.finish.bind(sink);
    sink.finish = async (length) => {
      await finish(length);
      const { path, mode, digest } = target;
      this.artifacts.set(path, { bytes: sink.file.bytes, mode, digest });
    };
    return sink;
  };

  /** The next session between the two; each has a network of its own. */
  session(clock: FakeClock): ConnectedSessions<'agent'> {
    return connectedSessions('agent', {
      clock,
      master: {
        accept: (target) => this.accept(target),
        handlers: {
          'member.ended': async (params) => {
            this.ended.push(params);
            await this.answerEnd();
            return {};
          },
          'member.collected': (params) => {
            this.collected.push(params);
            return {};
          },
        },
      },
    });
  }
}

export interface Shipping extends ConnectedSessions<'agent'> {
  /** As `ship` settles; never an unhandled rejection. */
  done: Promise<void>;
  warnings: string[];
}

/** Ships the member over a new session. */
export function shipping(member: MemberOnDisk, copies: MasterCopies, clock = new FakeClock()): Shipping {
  const sessions = copies.session(clock);
  const warnings: string[] = [];
  const say = (_about: object, message: string) => warnings.push(message);
  const log: Log = { debug: () => {}, info: () => {}, warn: say, error: say };
  const over = new AbortController();
  sessions.dialled.onClosed((why) => over.abort(why));
  const done = ship(member, sessions.dialled, { clock, log, over: over.signal });
  done.catch(() => {});
  return { ...sessions, done, warnings };
}
