/**
 * What a member says of itself, as its logs come: subtests and marks from its events, and from its output where that is TAP.
 *
 * It is read from the copies, never kept beside them: the next master reads the same again from their beginning. Everything
 * counts once, however often a connection breaks.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type MemberEnd, STARTED_MARK } from '@tutti/protocol';
import { type TapOutcome, TapParser } from '../tap/tap-parser.ts';
import { LogReading } from './log-reading.ts';
import { MemberEvents, type SaidMark, type SaidSubtest } from './member-events.ts';

const LOG = /^(events|stdout)(?:\.(\d+))?\.log$/;

export interface Said {
  readonly subtests: SaidSubtest[];
  readonly marks: SaidMark[];
  /** How many there were too many of. */
  readonly omitted: { readonly subtests: number; readonly marks: number };
}

interface Reading extends Source {
  readonly log: LogReading;
}

interface Source {
  readonly source: 'events' | 'stdout';
  readonly incarnation: number;
}

export class MemberSaid {
  readonly #dir: string;
  readonly #isTap: boolean;
  readonly #readings = new Map<string, Reading>();
  /** By incarnation. */
  readonly #events = new Map<number, MemberEvents>();
  #tap = new TapParser();
  #tapIncarnation = 0;
  #onNews: () => void = () => {};

  constructor(dir: string, isTap: boolean) {
    this.#dir = dir;
    this.#isTap = isTap;
  }

  /** Told whenever there may be something new. */
  listen(onNews: () => void): void {
    this.#onNews = onNews;
  }

  /** Whether this log says anything. */
  reads(name: string): boolean {
    return this.#reading(name) !== undefined;
  }

  /** What is in the file already comes before what will be added. */
  async opened(name: string): Promise<void> {
    // What cannot be read now is tried again in the end, and told there.
    await this.#reading(name)
      ?.log.catchUp()
      .catch(() => undefined);
  }

  async took(name: string, bytes: Uint8Array, length: number, at: number): Promise<void> {
    await this.#reading(name)?.log.took(bytes, length, at);
  }

  /** It has said that what starts after it may. */
  get started(): boolean {
    return [...this.#events.values()].some((events) => events.has(STARTED_MARK));
  }

  /** All of its events have been read. */
  isComplete({ logs }: MemberEnd): boolean {
    return logs.every(({ source, incarnation, length }) => {
      if (source !== 'events') return true;
      return (this.#readings.get(nameOf({ source, incarnation }))?.log.position ?? 0) >= length;
    });
  }

  /** Reads all that is on the disk; rejects when it cannot be read. */
  async recall(): Promise<void> {
    const there = await readdir(this.#dir).catch((): string[] => []);
    for (const name of there) this.#reading(name);
    for (const { log } of this.#inOrder()) await log.catchUp();
  }

  /** As far as it has come. */
  get soFar(): Said {
    // The last report of a name stands, in the place of the first.
    const reported = new Map<string, SaidSubtest>();
    const events = [...this.#events].toSorted(([a], [b]) => a - b).map(([, each]) => each);
    for (const { subtests } of events) for (const subtest of subtests) reported.set(subtest.name, subtest);
    return {
      subtests: [
        ...reported.values(),
        ...(this.#isTap ? this.#tap.subtests.map((subtest) => ({ ...subtest, tap: true as const })) : []),
      ],
      marks: events.flatMap(({ marks }) => marks),
      omitted: {
        subtests: this.#isTap ? this.#tap.omitted : 0,
        marks: events.reduce((sum, { marksOmitted }) => sum + marksOmitted, 0),
      },
    };
  }

  /** All of it, when no more comes. `complete`: nobody stopped it. Rejects when it cannot be read. */
  async conclude(complete: boolean): Promise<Said & TapOutcome> {
    await this.recall();
    if (!this.#isTap) return this.soFar;
    await this.#rereadTap();
    const outcome = this.#tap.finish(complete);
    return { ...this.soFar, ...outcome };
  }

  /** What an earlier incarnation printed may have come after the beginning of the next one's. */
  async #rereadTap(): Promise<void> {
    const outputs = this.#inOrder().filter(({ source }) => source === 'stdout');
    if (outputs.length < 2) return;
    this.#tap = new TapParser();
    for (const output of outputs) {
      const reading = new LogReading(join(this.#dir, nameOf(output)), (bytes) => this.#tap.push(bytes));
      await reading.catchUp();
      this.#tap.lineBreak();
    }
  }

  /** Undefined of logs that say nothing. */
  #reading(name: string): Reading | undefined {
    const known = this.#readings.get(name);
    if (known) return known;
    const found = LOG.exec(name);
    const source = found?.[1] as Reading['source'] | undefined;
    if (source === undefined || (source === 'stdout' && !this.#isTap)) return undefined;
    const incarnation = Number(found?.[2] ?? 0);
    const log = new LogReading(join(this.#dir, name), (bytes, at) => {
      if (source === 'events') this.#pushEvents(incarnation, bytes, at);
      else this.#pushTap(incarnation, bytes);
      this.#onNews();
    });
    const reading = { source, incarnation, log };
    this.#readings.set(name, reading);
    return reading;
  }

  #pushEvents(incarnation: number, bytes: Uint8Array, at: number): void {
    const events = this.#events.get(incarnation) ?? new MemberEvents();
    this.#events.set(incarnation, events);
    events.push(bytes, at);
  }

  #pushTap(incarnation: number, bytes: Uint8Array): void {
    if (incarnation < this.#tapIncarnation) return;
    if (incarnation > this.#tapIncarnation) this.#tap.lineBreak();
    this.#tapIncarnation = incarnation;
    this.#tap.push(bytes);
  }

  #inOrder(): Reading[] {
    return [...this.#readings.values()].toSorted((a, b) => a.incarnation - b.incarnation);
  }
}

function nameOf({ source, incarnation }: Source): string {
  return `${source}${incarnation === 0 ? '' : `.${incarnation}`}.log`;
}
