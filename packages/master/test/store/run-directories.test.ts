import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { thisProcess } from '@tutti/link';
import { rejection } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { reportYaml } from '../../src/reports/report-yaml.ts';
import { RunDirectories } from '../../src/store/run-directories.ts';
import { finished, partial } from '../reports/example-report.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const run = promisify(execFile);
const numbersOf = (names: string[]) =>
  names.flatMap((name) => /^(\d+)-suite$/.exec(name)?.[1] ?? []).map(Number);
const ascending = (numbers: number[]) => numbers.toSorted((a, b) => a - b);

describe('run directories', () => {
  test('are numbered from 1, and latest is the newest', async () => {
    const root = join(await temporaryDirectory(), 'not/yet');
    const directories = new RunDirectories(root);
    expect(await directories.create('netperf')).toEqual({ number: 1, dir: join(root, '1-netperf') });
    expect(await directories.create('other')).toEqual({ number: 2, dir: join(root, '2-other') });
    expect(await readlink(join(root, 'latest'))).toBe('2-other');
    expect((await readdir(root)).toSorted()).toEqual(['1-netperf', '2-other', 'latest']);
  });

  test('go on after the greatest number, whatever else is there', async () => {
    const root = await temporaryDirectory();
    for (const name of ['9-old', '41-older', 'notes', '100', 'x-200']) await mkdir(join(root, name));
    expect(await new RunDirectories(root).create('suite')).toMatchObject({ number: 42 });
  });

  test('made at once by one process have each a number of their own', async () => {
    const root = await temporaryDirectory();
    const directories = new RunDirectories(root);
    const made = await Promise.all(Array.from({ length: 30 }, () => directories.create('suite')));
    const numbers = made.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(30);
    expect(ascending(numbersOf(await readdir(root)))).toEqual(ascending(numbers));
    expect(await readlink(join(root, 'latest'))).toBe(`${Math.max(...numbers)}-suite`);
  });

  test('made at once by many processes have each a number of their own, and latest is there all the time', async () => {
    const root = await temporaryDirectory();
    await new RunDirectories(root).create('suite');
    const script = join(import.meta.dirname, 'create-runs.ts');
    const [processes, each] = [6, 15];
    let going = true;
    const looking = (async () => {
      let looks = 0;
      for (; going; looks += 1) expect(await readlink(join(root, 'latest'))).toMatch(/^\d+-suite$/);
      return looks;
    })();
    const outputs = await Promise.all(
      Array.from({ length: processes }, () => run(process.execPath, [script, root, String(each)])),
    );
    going = false;
    expect(await looking).toBeGreaterThan(10);
    const numbers = outputs.flatMap(({ stdout }) => JSON.parse(stdout) as number[]);
    expect(new Set(numbers).size).toBe(processes * each);
    expect(ascending(numbersOf(await readdir(root)))).toEqual(ascending([1, ...numbers]));
    expect((await readdir(root)).filter((name) => name.startsWith('.'))).toEqual([]);
  }, 30_000);

  test('are made around a number that somebody died claiming', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, '.claim-1'), '');
    expect(await new RunDirectories(root).create('suite')).toMatchObject({ number: 2 });
  });

  test('that cannot be made say where', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, 'file'), '');
    expect(await rejection(new RunDirectories(join(root, 'file/runs')).create('suite'))).toMatchObject({
      code: 'STATE_NOT_WRITABLE',
      message: expect.stringContaining(join(root, 'file/runs')),
    });
  });

  test('are found by number when their report is final', async () => {
    const root = await temporaryDirectory();
    const directories = new RunDirectories(root);
    const { dir } = await directories.create('suite');
    expect(await directories.find(1)).toBeUndefined();
    await directories.finished(dir);
    expect(await directories.find(1)).toBe(dir);
    expect(await directories.find(2)).toBeUndefined();
  });
});

describe('a master that starts', () => {
  const DEAD = { pid: 2 ** 22 - 1, start: '1', boot: 'another boot' };

  async function aRun(owner: string, report: string | undefined = reportYaml(partial)) {
    const root = await temporaryDirectory();
    const directories = new RunDirectories(root);
    const { dir } = await directories.create('suite');
    await writeFile(join(dir, '.master'), owner);
    if (report !== undefined) await writeFile(join(dir, 'report.yaml'), report);
    const status = async () =>
      (parse(await readFile(join(dir, 'report.yaml'), 'utf8')) as { status: string }).status;
    return { directories, dir, status };
  }

  test('closes the runs of masters that died as ERROR, once', async () => {
    const { directories, dir, status } = await aRun(JSON.stringify(DEAD));
    expect(await directories.closeInterrupted()).toEqual({ closed: [dir], failed: [] });
    expect(await status()).toBe('ERROR');
    expect(await readdir(dir)).toEqual(['junit.xml', 'report.html', 'report.yaml', 'results.yml']);
    expect(await directories.closeInterrupted()).toEqual({ closed: [], failed: [] });
  });

  test.for(['', '{"pid": 12', 'null', '7'])(
    'takes a torn note of who owns a run for that of a dead one: %j',
    async (owner) => {
      const { directories, dir, status } = await aRun(owner);
      expect((await directories.closeInterrupted()).closed).toEqual([dir]);
      expect(await status()).toBe('ERROR');
    },
  );

  test('leaves the runs of living masters alone', async () => {
    const { directories, status, dir } = await aRun(JSON.stringify(thisProcess()));
    expect(await directories.closeInterrupted()).toEqual({ closed: [], failed: [] });
    expect(await status()).toBe('RUNNING');
    expect(await readdir(dir)).toContain('.master');
  });

  test('takes a process of the same number that started at another time for another', async () => {
    const { directories, dir } = await aRun(JSON.stringify({ ...thisProcess(), start: '1' }));
    expect((await directories.closeInterrupted()).closed).toEqual([dir]);
  });

  test('leaves a finished report as it is', async () => {
    const text = reportYaml(finished);
    const { directories, dir } = await aRun(JSON.stringify(DEAD), text);
    expect(await directories.closeInterrupted()).toEqual({ closed: [], failed: [] });
    expect(await readFile(join(dir, 'report.yaml'), 'utf8')).toBe(text);
    expect(await readdir(dir)).toEqual(['report.yaml']);
  });

  test.for(['{', 'tutti: 1\nrun: [', 'just text', ''])(
    'is not kept from it by a report that is none: %j',
    async (text) => {
      const { directories } = await aRun(JSON.stringify(DEAD), text);
      expect(await directories.closeInterrupted()).toEqual({ closed: [], failed: [] });
    },
  );

  test('passes over a run that died before it had a report', async () => {
    const { directories, dir } = await aRun(JSON.stringify(DEAD));
    await rm(join(dir, 'report.yaml'));
    expect(await directories.closeInterrupted()).toEqual({ closed: [], failed: [] });
    expect(await readdir(dir)).toEqual([]);
  });

  test('tells which report it could not close, and tries again the next time', async () => {
    const { directories, dir, status } = await aRun(JSON.stringify(DEAD));
    // A directory where the temporary has to stand.
    await mkdir(join(dir, '.junit.xml.new'));
    await chmod(join(dir, '.junit.xml.new'), 0o700);
    expect(await directories.closeInterrupted()).toMatchObject({ closed: [], failed: [{ dir }] });
    expect(await status()).toBe('RUNNING');
    await rm(join(dir, '.junit.xml.new'), { recursive: true });
    expect((await directories.closeInterrupted()).closed).toEqual([dir]);
  });

  test('looks at nothing but numbered directories', async () => {
    const root = await temporaryDirectory();
    await symlink('/nonexistent', join(root, 'latest'));
    await mkdir(join(root, 'notes'));
    await writeFile(join(root, 'notes/.master'), '');
    await writeFile(join(root, '7-file'), '');
    expect(await new RunDirectories(root).closeInterrupted()).toEqual({ closed: [], failed: [] });
    expect(await readdir(join(root, 'notes'))).toEqual(['.master']);
  });

  test('finds nothing where nothing is', async () => {
    expect(await new RunDirectories('/nonexistent/runs').closeInterrupted()).toEqual({
      closed: [],
      failed: [],
    });
  });
});
