import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { eventually, MemorySource, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { fetchResults } from '../../src/results/fetch-results.ts';
import { type ClientSession, connect, FakeMaster, temporaryDirectory } from '../fake-master.ts';

async function send(
  session: ClientSession,
  path: string,
  text: string,
  run = 7,
  mode = 0o644,
): Promise<void> {
  const bytes = Buffer.from(text);
  const target = { to: 'result', run, path, size: bytes.byteLength, mode } as const;
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
    const target = { to: 'result', run: 7, path: 'report.yaml', size: 5, mode: 0o644 } as const;
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
    const target = { to: 'result', run: 7, path: 'report.yaml', size: 5, mode: 0o644 } as const;
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
    code: 'USAGE',
    message: expect.stringMatching(
      new RegExp(
        `^results cannot be written to ${dir}: .*${join(dir, 'tests')}.*; name another place with --report$`,
      ),
    ) as string,
  });
  await expect(fetchResults(client, 7, join(dir, 'tests/below'), true)).rejects.toMatchObject({
    code: 'USAGE',
  });
});

test('a directory that stands where a file has to go is told as that, and no partial file stays', async () => {
  const master = await masterWith({ 'report.yaml': 'x' });
  const { client } = await connect(master);
  const dir = temporaryDirectory();
  mkdirSync(join(dir, 'report.yaml/full'), { recursive: true });
  const failure = (await rejection(fetchResults(client, 7, dir, true))) as TuttiError;
  expect(failure).toMatchObject({ code: 'USAGE' });
  expect(namesIn(dir)).toEqual(['report.yaml', 'report.yaml/full']);
});

test('a file of many windows comes to the byte', async () => {
  const master = await masterWith({});
  const bytes = Buffer.alloc(3_000_001, 'abcdefghijklm');
  master.handlers['run.fetch'] = async () => {
    const target = { to: 'result', run: 7, path: 'big', size: bytes.byteLength, mode: 0o644 } as const;
    await (await master.session.openStream(target, new MemorySource(bytes))).finish(bytes.byteLength);
    return { files: 1 };
  };
  const { client } = await connect(master);
  const dir = temporaryDirectory();
  await fetchResults(client, 7, dir, true);
  expect(readFileSync(join(dir, 'big')).equals(bytes)).toBe(true);
});

async function sendLink(session: ClientSession, path: string, target: string): Promise<void> {
  const stream = await session.openStream({ to: 'resultLink', run: 7, path, target }, new MemorySource());
  await stream.finish(0);
}

/** A master that sends what `sending` sends. */
async function masterThat(sending: (session: ClientSession) => Promise<unknown>) {
  const master = await FakeMaster.open();
  master.handlers['run.fetch'] = async () => {
    await sending(master.session);
    return { files: 1 };
  };
  return connect(master);
}

test('permissions come along, and whoever fetched a file can read it', async () => {
  const { client } = await masterThat(async (session) => {
    await send(session, 'out/tool', '#!/bin/sh', 7, 0o755);
    await send(session, 'out/key', 'x', 7, 0o640);
    await send(session, 'out/shut', 'x', 7, 0);
  });
  const dir = temporaryDirectory();
  await fetchResults(client, 7, dir, true);
  const mode = (name: string) => statSync(join(dir, 'out', name)).mode & 0o777;
  expect([mode('tool'), mode('key'), mode('shut')]).toEqual([0o755, 0o640, 0o400]);
  // A file without write permission is replaced like any other.
  await fetchResults(client, 7, dir, true);
});

test('links inside the directory come along, dangling ones too, whenever they were sent', async () => {
  const { client } = await masterThat(async (session) => {
    await sendLink(session, 'out/d/up', '../file');
    await sendLink(session, 'out/nowhere', 'absent');
    await send(session, 'out/file', 'text');
  });
  const dir = temporaryDirectory();
  await fetchResults(client, 7, dir, true);
  expect(readFileSync(join(dir, 'out/d/up'), 'utf8')).toBe('text');
  expect(readlinkSync(join(dir, 'out/nowhere'))).toBe('absent');
  await fetchResults(client, 7, dir, true);
  expect(namesIn(dir)).toEqual(['out', 'out/d', 'out/d/up', 'out/file', 'out/nowhere']);
});

test.each(['/etc/passwd', '../..', 'a/../../../x'])('a link to %j is refused', async (target) => {
  const { client } = await masterThat((session) => sendLink(session, 'out/link', target));
  const dir = temporaryDirectory();
  await expect(fetchResults(client, 7, dir, true)).rejects.toMatchObject({ code: 'BAD_PARAMS' });
  expect(namesIn(dir)).toEqual([]);
});

test('no link is made through another: their two ways together could lead out', async () => {
  const { client } = await masterThat(async (session) => {
    await sendLink(session, 'a/b/up', '../..');
    await sendLink(session, 'a/b/up/out', '../../..');
  });
  const parent = temporaryDirectory();
  const dir = join(parent, 'results');
  await expect(fetchResults(client, 7, dir, true)).rejects.toMatchObject({ code: 'PATH_ESCAPES' });
  expect(namesIn(parent).filter((name) => name.endsWith('/out'))).toEqual([]);
});

test('nothing is written through a link that was there before', async () => {
  const { client } = await masterThat((session) => send(session, 'out/file', 'text'));
  const parent = temporaryDirectory();
  mkdirSync(join(parent, 'elsewhere'));
  mkdirSync(join(parent, 'results'));
  symlinkSync('../elsewhere', join(parent, 'results/out'));
  await expect(fetchResults(client, 7, join(parent, 'results'), true)).rejects.toMatchObject({
    code: 'PATH_ESCAPES',
  });
  expect(namesIn(join(parent, 'elsewhere'))).toEqual([]);
});
