import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReplaceFile, replaceFile } from '@tutti/link';
import { Report, TuttiError } from '@tutti/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ReportWriter } from '../../src/reports/report-writer.ts';
import { reportYaml } from '../../src/reports/report-yaml.ts';
import { finished } from './example-report.ts';

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
    if (path.endsWith('junit.xml')) return;
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

test('both files are there after a flush, and no temporary', async () => {
  const writer = new ReportWriter({ directory });
  writer.update(finished);
  await writer.flush();
  expect((await readdir(directory)).toSorted()).toEqual(['junit.xml', 'report.yaml']);
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
  for (let run = 2; run <= 30; run += 1) {
    writer.update(numbered(run));
    await writer.flush();
  }
  stop.abort();
  const seen = await reader;
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});
