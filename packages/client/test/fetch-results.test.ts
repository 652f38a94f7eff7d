import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { eventually, MemorySource, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { fetchResults } from '../src/fetch-results.ts';
import { type ClientSession, connect, FakeMaster, temporaryDirectory } from './fake-master.ts';

async function send(session: ClientSession, path: string, text: string, run = 7): Promise<void> {
  const bytes = Buffer.from(text);
  const target = { to: 'result', run, path, size: bytes.byteLength } as const;
  const stream = await session.openStream(target, new MemorySource(bytes));
  await stream.finish(bytes.byteLength);
}

/** A master whose run 7 has these files. */
async function masterWith(files: Record<string, string>) {
  const master = await FakeMaster.open();
  master.handlers['run.fetch'] = async () => {
    for (const [path, text] of Object.entries(files)) await send(master.session, path, text);
    return { files: Object.keys(files).length };
  };
  return master;
}

function namesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).toSorted();
}

test('the whole directory comes, and how many files it was', async () => {
  const master = await masterWith({
    'report.yaml': 'tutti: 1\n',
    'tests/01-t/attempt-1/a.0/stdout.log': '\0\xff',
  });
  const { client } = await connect(master);
  const dir = join(temporaryDirectory(), 'not/there/yet');
  expect(await fetchResults(client, 7, dir, true)).toBe(2);
  expect(readFileSync(join(dir, 'report.yaml'), 'utf8')).toBe('tutti: 1\n');
  expect(readFileSync(join(dir, 'tests/01-t/attempt-1/a.0/stdout.log'), 'utf8')).toBe('\0\xff');
  expect(client.debugState().fetches).toBe(0);
});

test('empty files come too, and a file of an earlier fetch is replaced', async () => {
  const master = await masterWith({ 'stderr.log': '', 'report.yaml': 'short' });
  const { client } = await connect(master);
  const dir = temporaryDirectory();
  writeFileSync(join(dir, 'report.yaml'), 'a longer one than that');
  await fetchResults(client, 7, dir, true);
  expect(readFileSync(join(dir, 'report.yaml'), 'utf8')).toBe('short');
  expect(statSync(join(dir, 'stderr.log')).size).toBe(0);
});

test('whether logs are wanted is for the master to know', async () => {
  const master = await masterWith({});
  const asked: unknown[] = [];
  master.handlers['run.fetch'] = (params) => {
    asked.push(params);
    return { files: 0 };
  };
  const { client } = await connect(master);
  await fetchResults(client, 7, temporaryDirectory(), false);
  expect(asked).toEqual([{ run: 7, logs: false }]);
});

test.each(['../escaped', '/etc/escaped', 'a/../../escaped', 'a//b', './a'])(
  'a file named %j is refused, and nothing is written',
  async (path) => {
    const master = await masterWith({ [path]: 'x' });
    const { client } = await connect(master);
    const parent = temporaryDirectory();
    const dir = join(parent, 'results');
    await expect(fetchResults(client, 7, dir, true)).rejects.toMatchObject({ code: 'BAD_PARAMS' });
    expect(namesIn(parent)).toEqual(['results']);
  },
);

test('a file that was not asked for is refused: before, after, and of another run', async () => {
  const master = await masterWith({ a: 'x' });
  const { client } = await connect(master);
  const dir = temporaryDirectory();
  await expect(send(master.session, 'early', 'x')).rejects.toMatchObject({ code: 'BAD_PARAMS' });
  master.handlers['run.fetch'] = async () => {
    await send(master.session, 'foreign', 'x', 8);
    return { files: 1 };
  };
  await expect(fetchResults(client, 7, dir, true)).rejects.toMatchObject({ code: 'BAD_PARAMS' });
  await expect(send(master.session, 'late', 'x')).rejects.toMatchObject({ code: 'BAD_PARAMS' });
  expect(namesIn(dir)).toEqual([]);
});

test('when the connection breaks, all is fetched again on the next, and no partial file stays', async () => {
  const master = await masterWith({ 'report.yaml': 'whole' });
  const whole = master.handlers['run.fetch']!;
  const { client, sessions } = await connect(master);
  const dir = temporaryDirectory();
  master.handlers['run.fetch'] = async () => {
    const target = { to: 'result', run: 7, path: 'report.yaml', size: 5 } as const;
    await (await master.session.openStream(target, new MemorySource(Buffer.from('who')))).reached(3);
    return new Promise(() => {});
  };
  const fetching = fetchResults(client, 7, dir, true);
  await eventually(() => namesIn(dir).some((name) => name.startsWith('report.yaml.part')));
  master.handlers['run.fetch'] = whole;
  master.cut();
  await sessions(2);
  expect(await fetching).toBe(1);
  await eventually(() => {
    expect(namesIn(dir)).toEqual(['report.yaml']);
  });
  expect(readFileSync(join(dir, 'report.yaml'), 'utf8')).toBe('whole');
});

test('a fetch that fails leaves what came whole, and no partial file', async () => {
  const master = await masterWith({});
  master.handlers['run.fetch'] = async () => {
    await send(master.session, 'junit.xml', '<x/>');
    const target = { to: 'result', run: 7, path: 'report.yaml', size: 5 } as const;
    const stream = await master.session.openStream(target, new MemorySource(Buffer.from('who')));
    await stream.reached(3);
    // Shorter than was announced by the end of it.
    await stream.finish(2).catch(() => {});
    throw new TuttiError('DISK_FULL', 'the master cannot read it');
  };
  const { client } = await connect(master);
  const dir = temporaryDirectory();
  await expect(fetchResults(client, 7, dir, true)).rejects.toMatchObject({ code: 'DISK_FULL' });
  await eventually(() => {
    expect(namesIn(dir)).toEqual(['junit.xml']);
  });
});

test('results that cannot be written here are told as that, with the path, not as a defect', async () => {
  const master = await masterWith({ 'tests/a': 'x' });
  const { client } = await connect(master);
  const dir = temporaryDirectory();
  writeFileSync(join(dir, 'tests'), 'a file where a directory has to be');
  await expect(fetchResults(client, 7, dir, true)).rejects.toMatchObject({
    code: 'STATE_NOT_WRITABLE',
    message: expect.stringContaining(join(dir, 'tests')) as string,
  });
  await expect(fetchResults(client, 7, join(dir, 'tests/below'), true)).rejects.toMatchObject({
    code: 'STATE_NOT_WRITABLE',
  });
});

test('a directory that stands where a file has to go is told as that, and no partial file stays', async () => {
  const master = await masterWith({ 'report.yaml': 'x' });
  const { client } = await connect(master);
  const dir = temporaryDirectory();
  mkdirSync(join(dir, 'report.yaml/full'), { recursive: true });
  const failure = (await rejection(fetchResults(client, 7, dir, true))) as TuttiError;
  expect(failure).toMatchObject({ code: 'STATE_NOT_WRITABLE' });
  expect(namesIn(dir)).toEqual(['report.yaml', 'report.yaml/full']);
});

test('a file of many windows comes to the byte', async () => {
  const master = await masterWith({});
  const bytes = Buffer.alloc(3_000_001, 'abcdefghijklm');
  master.handlers['run.fetch'] = async () => {
    const target = { to: 'result', run: 7, path: 'big', size: bytes.byteLength } as const;
    await (await master.session.openStream(target, new MemorySource(bytes))).finish(bytes.byteLength);
    return { files: 1 };
  };
  const { client } = await connect(master);
  const dir = temporaryDirectory();
  await fetchResults(client, 7, dir, true);
  expect(readFileSync(join(dir, 'big')).equals(bytes)).toBe(true);
});
