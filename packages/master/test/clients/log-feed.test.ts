import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LogFrameDecoder, type LogPositions } from '@tutti/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { LogFeed } from '../../src/clients/log-feed.ts';
import { LogCopy } from '../../src/logs/log-copy.ts';
import { LogNews } from '../../src/logs/log-news.ts';
import type { Run } from '../../src/runs/model.ts';
import type { RunListener } from '../../src/runs/run-deps.ts';
import { attempt, command, member, role, testRun, testSpec } from '../runs/a-test.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const undamaged = (what: string) => expect.unreachable(what);

const feeds: LogFeed[] = [];
afterEach(() => Promise.all(feeds.splice(0).map((feed) => feed.close())));

/** A run of two members whose logs are real files, written as the master writes them. */
class RunOnDisk {
  readonly news = new LogNews();
  readonly model: Run;
  now = 1000;
  readonly #listeners = new Set<RunListener>();
  readonly #copies = new Map<string, LogCopy>();

  private constructor(dir: string) {
    const under = testRun(testSpec([role('a'), role('b')]));
    const collected = false;
    under.attempts = [attempt([member('a.0 on n1', { collected }), member('b.0 on n2', { collected })])];
    this.model = { number: 7, dir, tests: [under], phase: 'running' } as unknown as Run;
  }

  static async create(): Promise<RunOnDisk> {
    return new RunOnDisk(await temporaryDirectory());
  }

  onChange(listener: RunListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener({ run: this.model, tests: [0] });
  }

  /** `write('a.0/stdout.log', 'text')`, a little later than what was written before. */
  async write(log: string, text: string, attemptNumber = 1): Promise<void> {
    this.now += 1;
    const path = `tests/01-throughput/attempt-${attemptNumber}/${log}`;
    const grown = (length: number, at: number) => this.news.tell(this.model.dir, { path, length, at });
    const copy =
      this.#copies.get(path) ??
      (await LogCopy.open(join(this.model.dir, path), () => this.now, undamaged, grown));
    this.#copies.set(path, copy);
    await copy.write(Buffer.from(text));
  }

  async end(): Promise<void> {
    for (const copy of this.#copies.values()) await copy.finish();
    this.model.phase = 'finished';
    this.changed();
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

interface Asked {
  follow?: boolean;
  test?: string;
  member?: string;
  sources?: ('stdout' | 'stderr')[];
  since?: number;
  positions?: LogPositions;
}

/** A client that reads: what has come, line by line, as `a.0: text`. */
function read(run: RunOnDisk, asked: Asked = {}) {
  const feed = new LogFeed({
    run,
    news: run.news,
    follow: false,
    sources: ['stdout', 'stderr'],
    positions: {},
    ...asked,
  });
  feeds.push(feed);
  const decoder = new LogFrameDecoder();
  const names = new Map<number, { member: string; key: string; attempt: number; incarnation: number }>();
  const positions: LogPositions = {};
  const lines: string[] = [];
  let offset = 0;
  let wakes = 0;
  feed.onMore = () => {
    wakes += 1;
  };
  const drain = async () => {
    const into = Buffer.alloc(100);
    for (;;) {
      const got = await feed.read(offset, into);
      if (got === 0) return lines.splice(0);
      offset += got;
      for (const frame of decoder.push(Uint8Array.from(into.subarray(0, got)))) {
        if (frame.kind === 'log') names.set(frame.log.n, frame.log);
        if (frame.kind !== 'text') continue;
        const name = names.get(frame.n)!;
        positions[name.key] = frame.offset + frame.bytes.byteLength;
        const again = `${name.attempt > 1 ? `#${name.attempt}` : ''}${name.incarnation > 0 ? '+' : ''}`;
        const texts = Buffer.from(frame.bytes)
          .toString()
          .split(/(?<=\n)/);
        lines.push(...texts.map((text) => `${name.member}${again}: ${text.trimEnd()}`));
      }
    }
  };
  return { feed, drain, positions, bytes: () => offset, wakes: () => wakes };
}

describe('the logs of a run', () => {
  test('are one timeline, which ends where they end', async () => {
    const run = await RunOnDisk.create();
    await run.write('a.0/stdout.log', 'one\ntw');
    await run.write('b.0/stderr.log', 'three\n');
    await run.write('a.0/stdout.log', 'o\n');
    await run.write('a.0/events.log', '{}\n');
    await run.write('b.0/stdout.log', 'rest');
    await run.end();
    const { feed, drain, bytes } = read(run);
    expect(await drain()).toEqual(['a.0: one', 'b.0: three', 'a.0: two', 'b.0: rest']);
    expect(await feed.ended).toBe(bytes());
  });

  test('are those that were asked for', async () => {
    const run = await RunOnDisk.create();
    await run.write('a.0/stdout.log', 'a out\n');
    await run.write('a.0/stderr.log', 'a err\n');
    await run.write('b.0/stdout.log', 'b out\n');
    await run.end();
    expect(await read(run, { member: 'a' }).drain()).toEqual(['a.0: a out', 'a.0: a err']);
    expect(await read(run, { member: '*.0', sources: ['stderr'] }).drain()).toEqual(['a.0: a err']);
    expect(await read(run, { test: 'through*', member: 'b.0' }).drain()).toEqual(['b.0: b out']);
    expect(await read(run, { since: 1002 }).drain()).toEqual(['a.0: a err', 'b.0: b out']);
    expect(() => read(run, { test: 'throughptu' })).toThrow(
      'run 7 has no test "throughptu"; did you mean throughput?',
    );
    expect(() => read(run, { member: 'c' })).toThrow('there is no member "c"; there is a.0, b.0');
  });

  test('of commands are under names of their own, and meant where their member is', async () => {
    const run = await RunOnDisk.create();
    const [under] = run.model.tests[0]!.attempts;
    const { drain } = read(run, { follow: true });
    await run.write('a.0/stdout.log', 'a\n');
    await run.write('b.0/stdout.log', 'b\n');
    expect(await drain()).toEqual(['a.0: a', 'b.0: b']);
    under!.commands.push(
      command({ of: 'a.0', number: 1, collected: false }),
      command({ of: 'a.0', number: 2 }),
    );
    run.changed();
    await run.write('a.0/cmd-1/stdout.log', 'one\n');
    await run.write('a.0/cmd-2/stderr.log', 'two\n');
    expect(await drain()).toEqual(['a.0/cmd-1: one', 'a.0/cmd-2: two']);
    await run.end();
    expect(await read(run, { member: 'a' }).drain()).toEqual(['a.0: a', 'a.0/cmd-1: one', 'a.0/cmd-2: two']);
    expect(await read(run, { member: 'b' }).drain()).toEqual(['b.0: b']);
    expect(await read(run, { member: 'a.0/cmd-2' }).drain()).toEqual(['a.0/cmd-2: two']);
    expect(await read(run, { member: 'a.0/*', sources: ['stdout'] }).drain()).toEqual(['a.0/cmd-1: one']);
    expect(() => read(run, { member: 'c.0/cmd-1' })).toThrow('there is no member "c.0/cmd-1"');
  });

  test('of a run that goes on are what there is, unless they are followed', async () => {
    const run = await RunOnDisk.create();
    await run.write('a.0/stdout.log', 'one\nbegun');
    const { feed, drain, bytes } = read(run);
    expect(await drain()).toEqual(['a.0: one', 'a.0: begun']);
    expect(await feed.ended).toBe(bytes());
    expect(run.news.size + run.listeners).toBe(0);
  });

  test('without their indexes come as they are', async () => {
    const run = await RunOnDisk.create();
    await run.write('a.0/stdout.log', 'one\ntwo\n');
    await run.end();
    await rm(join(run.model.dir, 'tests/01-throughput/attempt-1/a.0/stdout.log.idx'));
    expect(await read(run).drain()).toEqual(['a.0: one', 'a.0: two']);
  });
});

describe('logs that are followed', () => {
  test('come as they grow, and wake the stream; lines when they are whole', async () => {
    const run = await RunOnDisk.create();
    const { feed, drain, wakes, bytes } = read(run, { follow: true });
    expect(await drain()).toEqual([]);
    await run.write('a.0/stdout.log', 'on');
    await run.write('b.0/stdout.log', 'two\n');
    expect(wakes()).toBe(2);
    expect(await drain()).toEqual(['b.0: two']);
    await run.write('a.0/stdout.log', 'e\n');
    expect(await drain()).toEqual(['a.0: one']);
    await run.write('a.0/stdout.log', 'rest');
    expect(await drain()).toEqual([]);
    await run.end();
    expect(await drain()).toEqual(['a.0: rest']);
    expect(await feed.ended).toBe(bytes());
    await feed.close();
    expect(run.news.size + run.listeners).toBe(0);
  });

  test('are also those of later attempts and incarnations', async () => {
    const run = await RunOnDisk.create();
    const { drain } = read(run, { follow: true });
    await run.write('a.0/stdout.log', 'first\n');
    expect(await drain()).toEqual(['a.0: first']);
    const [under] = run.model.tests;
    under!.attempts[0]!.members[0]!.incarnation = 1;
    await run.write('a.0/stdout.1.log', 'rebooted\n');
    expect(await drain()).toEqual(['a.0+: rebooted']);
    const dir = 'tests/01-throughput/attempt-2/a.0';
    under!.attempts.push(attempt([member('a.0 on n1', { dir, collected: false })], { n: 2 }));
    run.changed();
    await run.write('a.0/stdout.log', 'again\n', 2);
    expect(await drain()).toEqual(['a.0#2: again']);
  });

  test('end a member that is over, though its run is not', async () => {
    const run = await RunOnDisk.create();
    const { drain } = read(run, { follow: true });
    await run.write('a.0/stdout.log', 'no line feed');
    expect(await drain()).toEqual([]);
    run.model.tests[0]!.attempts[0]!.members[0]!.collected = true;
    run.changed();
    expect(await drain()).toEqual(['a.0: no line feed']);
  });

  test('go on where a client says that it is, in whatever order it had them', async () => {
    const run = await RunOnDisk.create();
    await run.write('a.0/stdout.log', 'a1\na2\n');
    await run.write('b.0/stdout.log', 'b1\n');
    const first = read(run, { follow: true });
    expect(await first.drain()).toEqual(['a.0: a1', 'a.0: a2', 'b.0: b1']);
    await first.feed.close();
    await run.write('b.0/stdout.log', 'b2\n');
    await run.write('a.0/stdout.log', 'a3\n');
    const second = read(run, { follow: true, positions: first.positions });
    expect(await second.drain()).toEqual(['b.0: b2', 'a.0: a3']);
  });

  test('cost nothing while nobody reads: what has grown meanwhile is read from the disk', async () => {
    const run = await RunOnDisk.create();
    const { drain, feed } = read(run, { follow: true });
    for (let n = 0; n < 500; n += 1) await run.write('a.0/stdout.log', `${n}\n`);
    expect(feed.debugState()).toEqual({ logs: 0 });
    expect(await drain()).toEqual(Array.from({ length: 500 }, (_, n) => `a.0: ${n}`));
  });
});
