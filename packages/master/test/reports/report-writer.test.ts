import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReplaceFile, replaceFile } from '@tutti/link';
import { Report, TuttiError } from '@tutti/protocol';
import { FakeClock } from '@tutti/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { ReportWriter } from '../../src/reports/report-writer.ts';
import { reportYaml } from '../../src/reports/report-yaml.ts';
import { finished, partial } from './example-report.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutti-report-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

function numbered(run: number): Report {
  return { ...finished, run };
}

/** A disk on which a write lasts until the test ends it. */
class HeldDisk {
  readonly written: number[] = [];
  #going: PromiseWithResolvers<void> | undefined;
  #run = 0;
  #begun = Promise.withResolvers<void>();

  readonly replace: ReplaceFile = async (path, contents) => {
    if (!path.endsWith('report.yaml')) return;
    if (this.#going !== undefined) throw new Error('two writes at once');
    this.#going = Promise.withResolvers();
    this.#run = (parse(contents) as Report).run;
    this.#begun.resolve();
    await this.#going.promise;
    this.written.push(this.#run);
  };

  /** Resolves when a write goes on. */
  async begun(): Promise<void> {
    await this.#begun.promise;
  }

  end(failure?: TuttiError): void {
    const going = this.#going;
    this.#going = undefined;
    this.#begun = Promise.withResolvers();
    if (failure === undefined) going?.resolve();
    else going?.reject(failure);
  }
}

const noRoom = new TuttiError('DISK_FULL', 'no room');

const FILES = ['junit.xml', 'report.html', 'report.yaml', 'results.yml'];

test('all files are there after a flush, and no temporary', async () => {
  const writer = new ReportWriter({ directory });
  writer.update(finished);
  await writer.flush();
  expect((await readdir(directory)).toSorted()).toEqual(FILES);
  expect(await readFile(join(directory, 'report.yaml'), 'utf8')).toBe(reportYaml(finished));
});

test('a flush with nothing to write resolves', async () => {
  await new ReportWriter({ directory }).flush();
  expect(await readdir(directory)).toEqual([]);
});

test('updates of one turn are one write', async () => {
  const disk = new HeldDisk();
  const writer = new ReportWriter({ directory, replace: disk.replace });
  for (let run = 1; run <= 100; run += 1) writer.update(numbered(run));
  const flushed = writer.flush();
  await disk.begun();
  disk.end();
  await flushed;
  expect(disk.written).toEqual([100]);
});

test('of the updates during a write only the newest is written, after it', async () => {
  const disk = new HeldDisk();
  const writer = new ReportWriter({ directory, replace: disk.replace });
  writer.update(numbered(1));
  await disk.begun();
  for (let run = 2; run <= 100; run += 1) writer.update(numbered(run));
  const flushed = writer.flush();
  disk.end();
  await disk.begun();
  disk.end();
  await flushed;
  expect(disk.written).toEqual([1, 100]);
});

test('a failed write is told at once and by flush, and written at the next update', async () => {
  const errors: string[] = [];
  let full = true;
  const replace: ReplaceFile = async (path, contents) => {
    if (full) throw noRoom;
    await replaceFile(path, contents);
  };
  const writer = new ReportWriter({ directory, replace, onError: (error) => errors.push(error.code) });
  writer.update(numbered(1));
  await expect(writer.flush()).rejects.toMatchObject({ code: 'DISK_FULL' });
  expect(errors).toEqual(['DISK_FULL']);
  full = false;
  writer.update(numbered(2));
  await writer.flush();
  expect(Report.parse(parse(await readFile(join(directory, 'report.yaml'), 'utf8'))).run).toBe(2);
});

test('a flush tries once more what could not be written', async () => {
  const disk = new HeldDisk();
  const writer = new ReportWriter({ directory, replace: disk.replace });
  writer.update(numbered(1));
  const failing = writer.flush();
  await disk.begun();
  disk.end(noRoom);
  await expect(failing).rejects.toBe(noRoom);
  const again = writer.flush();
  await disk.begun();
  disk.end();
  await again;
  expect(disk.written).toEqual([1]);
});

test('a newer report takes the place of one whose write fails', async () => {
  const disk = new HeldDisk();
  const writer = new ReportWriter({ directory, replace: disk.replace });
  writer.update(numbered(1));
  await disk.begun();
  writer.update(numbered(2));
  const flushed = writer.flush();
  disk.end(noRoom);
  await disk.begun();
  disk.end();
  await flushed;
  expect(disk.written).toEqual([2]);
});

test('a file that cannot be replaced stays whole, and no temporary stays', async () => {
  const path = join(directory, 'report.yaml');
  await writeFile(path, 'old');
  await expect(replaceFile(join(path, 'below-a-file'), 'new')).rejects.toMatchObject({
    code: 'STATE_NOT_WRITABLE',
  });
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(directory)).toEqual(['report.yaml']);
});

test.runIf(existsSync('/dev/full'))(
  'a full disk is named as such and leaves the old file whole',
  async () => {
    const path = join(directory, 'report.yaml');
    await writeFile(path, 'old');
    await symlink('/dev/full', join(directory, '.report.yaml.new'));
    await expect(replaceFile(path, 'new')).rejects.toMatchObject({
      code: 'DISK_FULL',
      cause: { code: 'ENOSPC' },
    });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(directory)).toEqual(['report.yaml']);
  },
);

test('a reader sees the old report or the new, never a part', async () => {
  const writer = new ReportWriter({ directory });
  writer.update(numbered(1));
  await writer.flush();
  const stop = new AbortController();
  const reader = (async () => {
    const seen: number[] = [];
    while (!stop.signal.aborted) {
      seen.push(Report.parse(parse(await readFile(join(directory, 'report.yaml'), 'utf8'))).run);
    }
    return seen;
  })();
  for (let run = 2; run <= 12; run += 1) {
    writer.update(numbered(run));
    await writer.flush();
  }
  stop.abort();
  const seen = await reader;
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

/** Counts what is written, by name. */
function counting(): { replace: ReplaceFile; counts: Record<string, number> } {
  const counts: Record<string, number> = {};
  const replace: ReplaceFile = async (path) => {
    const name = path.split('/').at(-1) ?? path;
    counts[name] = (counts[name] ?? 0) + 1;
  };
  return { replace, counts };
}

test('what is made for others is written when a test is over, not at every change', async () => {
  const { replace, counts } = counting();
  const writer = new ReportWriter({ directory, replace });
  for (const cause of ['a', 'b', 'c']) {
    writer.update({ ...partial, cause });
    await writer.flush();
  }
  expect(counts).toEqual({ 'results.yml': 1, 'report.html': 1, 'junit.xml': 1, 'report.yaml': 3 });
  writer.update({ ...partial, tests: [...partial.tests, ...finished.tests] });
  await writer.flush();
  writer.update({ ...partial, status: 'PASS', tests: [...partial.tests, ...finished.tests] });
  await writer.flush();
  expect(counts).toEqual({ 'results.yml': 3, 'report.html': 3, 'junit.xml': 3, 'report.yaml': 5 });
});

test('each file of a run that is going on is valid', async () => {
  const writer = new ReportWriter({ directory });
  writer.update(partial);
  await writer.flush();
  const read = (name: string) => readFile(join(directory, name), 'utf8');
  expect(Report.parse(parse(await read('report.yaml'))).status).toBe('RUNNING');
  expect((parse(await read('results.yml')) as { Tests: object[] }).Tests).toHaveLength(1);
  expect(await read('junit.xml')).toContain('<property name="running" value="ring"/>');
  expect(await read('report.html')).toContain('The run was still going on when this was written.');
});

/** A clock by which making a report takes a second. */
class SlowClock extends FakeClock {
  override monotonicMs(): number {
    this.advance(100);
    return super.monotonicMs();
  }
}

test('after a report that took long the next one rests, but not the last, nor one that is waited for', async () => {
  const clock = new SlowClock();
  const { replace, counts } = counting();
  const writer = new ReportWriter({ directory, replace, clock });
  writer.update(partial);
  await writer.flush();
  writer.update({ ...partial, cause: 'resting' });
  await new Promise(setImmediate);
  expect(counts['report.yaml']).toBe(1);
  await writer.flush();
  expect(counts['report.yaml']).toBe(2);
  writer.update({ ...partial, cause: 'resting again' });
  await new Promise(setImmediate);
  expect(counts['report.yaml']).toBe(2);
  writer.update({ ...partial, status: 'ERROR' });
  await vi.waitFor(() => expect(counts['report.yaml']).toBe(3));
});

test('a report that rests is written when the rest is over', async () => {
  const clock = new SlowClock();
  const { replace, counts } = counting();
  const writer = new ReportWriter({ directory, replace, clock });
  writer.update(partial);
  await writer.flush();
  writer.update({ ...partial, cause: 'resting' });
  await new Promise(setImmediate);
  clock.advance(1_000_000);
  await vi.waitFor(() => expect(counts['report.yaml']).toBe(2));
});
