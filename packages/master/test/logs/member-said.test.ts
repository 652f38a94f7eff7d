/** What a member says, read from the copies of its logs: live, once, and again by the next master. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemberFiles } from '../../src/logs/member-files.ts';
import { memberEnd } from '../lab.ts';
import { NO_HINDRANCE } from '../no-hindrance.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const bytes = (text: string) => Buffer.from(text);
const mark = (name: string) =>
  `${JSON.stringify({ event: 'mark', at: 1, request: `a-request-${name}`, name })}\n`;

async function aMember(dir?: string) {
  const where = dir ?? join(await temporaryDirectory(), 'client.0');
  let now = 0;
  const files = new MemberFiles(where, { ...NO_HINDRANCE, now: () => now, isTap: true });
  let news = 0;
  files.said.listen(() => (news += 1));
  return { dir: where, files, at: (ms: number) => (now = ms), news: () => news };
}

const names = ({ files }: { files: MemberFiles }) => files.said.soFar.subtests.map(({ name }) => name);

describe('TAP', () => {
  test('is read while it comes, wherever it is cut', async () => {
    const member = await aMember();
    const log = await member.files.log('stdout', 0);
    await log.write(bytes('TAP version 14\nok 1 - a\nok 2'));
    expect(names(member)).toEqual(['a']);
    expect(member.news()).toBe(1);
    await log.write(bytes(' - b\nnot ok 3 - c\n1..3\n'));
    expect(names(member)).toEqual(['a', 'b', 'c']);
    await log.finish(0);
    expect(await member.files.said.conclude(true)).toMatchObject({ failure: 'reported "not ok" of "c"' });
    await member.files.close();
  });

  test('is read again by the next master, once', async () => {
    const first = await aMember();
    await (await first.files.log('stdout', 0)).write(bytes('1..3\nok 1 - a\nok 2 - '));
    await first.files.close();

    const next = await aMember(first.dir);
    const log = await next.files.log('stdout', 0);
    expect(names(next)).toEqual(['a']);
    await log.write(bytes('b\nok 3 - c\n'));
    expect(await next.files.said.conclude(true)).not.toHaveProperty('failure');
    expect(names(next)).toEqual(['a', 'b', 'c']);
    await next.files.close();
  });

  test('goes on over a broken connection, once', async () => {
    const member = await aMember();
    const broken = await member.files.log('stdout', 0);
    await broken.write(bytes('1..2\nok 1 - a\n'));
    broken.abort();
    await (await member.files.log('stdout', 0)).write(bytes('ok 2 - b\n'));
    expect(await member.files.said.conclude(true)).not.toHaveProperty('failure');
    expect(names(member)).toEqual(['a', 'b']);
    await member.files.close();
  });

  test('whose copy was written half, and nobody was told, is read as the file has it', async () => {
    const member = await aMember();
    const log = await member.files.log('stdout', 0);
    await log.write(bytes('1..2\nok 1 - a\n'));
    log.abort();
    await member.files.close();
    await appendFile(join(member.dir, 'stdout.log'), 'ok 2 ');
    const next = await aMember(member.dir);
    await (await next.files.log('stdout', 0)).write(bytes('- b\n'));
    expect(names(next)).toEqual(['a', 'b']);
    await next.files.close();
  });

  test('of several incarnations is one output, in whatever order it comes', async () => {
    const member = await aMember();
    const first = await member.files.log('stdout', 0);
    await first.write(bytes('1..3\nok 1 - a\n'));
    await (await member.files.log('stdout', 1)).write(bytes('ok 3 - c\n'));
    await first.write(bytes('ok 2 - b\n'));
    expect(await member.files.said.conclude(true)).not.toHaveProperty('failure');
    expect(names(member)).toEqual(['a', 'b', 'c']);
    await member.files.close();
  });

  test('nobody asked for is not read', async () => {
    const files = new MemberFiles(join(await temporaryDirectory(), 'client.0'), NO_HINDRANCE);
    await (await files.log('stdout', 0)).write(bytes('1..2\nnot ok 1\n'));
    expect(await files.said.conclude(true)).toEqual({
      subtests: [],
      marks: [],
      omitted: { subtests: 0, marks: 0 },
    });
    await files.close();
  });
});

describe('marks', () => {
  test('have the time at which they came, also for the next master', async () => {
    const member = await aMember();
    const log = await member.files.log('events', 0);
    member.at(1000);
    await log.write(bytes(mark('begun')));
    member.at(5000);
    await log.write(bytes(mark('started')));
    await log.finish(0);
    await member.files.close();
    const marks = [
      { name: 'begun', at: 1000 },
      { name: 'started', at: 5000 },
    ];
    expect(member.files.said.soFar.marks).toEqual(marks);
    expect(member.files.said.started).toBe(true);

    const next = await aMember(member.dir);
    await next.files.said.recall();
    expect(next.files.said.soFar.marks).toEqual(marks);
    expect(next.files.said.started).toBe(true);
    expect(next.news()).toBeGreaterThan(0);
  });

  test('of a member that has ended may still be on their way', async () => {
    const member = await aMember();
    const line = mark('started');
    const end = memberEnd({ logs: [{ source: 'events', incarnation: 0, length: line.length }] });
    expect(member.files.said.isComplete(end)).toBe(false);
    await (await member.files.log('events', 0)).write(bytes(line));
    expect(member.files.said.isComplete(end)).toBe(true);
    await member.files.close();
  });

  test('without end are kept so far, and `started` is heard behind all of them', async () => {
    const member = await aMember();
    const log = await member.files.log('events', 0);
    await log.write(bytes(Array.from({ length: 1200 }, () => mark('again')).join('')));
    await log.write(bytes(mark('started')));
    expect(member.files.said.started).toBe(true);
    expect(member.files.said.soFar).toMatchObject({ omitted: { marks: 201 } });
    expect(member.files.said.soFar.marks).toHaveLength(1000);
    await member.files.close();
  });
});

test('a log without its index is read all the same', async () => {
  const dir = join(await temporaryDirectory(), 'client.0');
  await mkdir(dirname(join(dir, 'stdout.log')), { recursive: true });
  await writeFile(join(dir, 'stdout.log'), `1..1\nok 1 - a\n${'x'.repeat(200_000)}\n`);
  const member = await aMember(dir);
  expect(await member.files.said.conclude(true)).toMatchObject({ subtests: [{ name: 'a', status: 'pass' }] });
});
