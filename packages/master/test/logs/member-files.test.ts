import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { MemberFiles } from '../../src/logs/member-files.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const bytes = (text: string) => Buffer.from(text);

async function aMember() {
  const dir = join(await temporaryDirectory(), 'client.0');
  return {
    dir,
    files: new MemberFiles(dir, {
      now: () => 1,
      room: () => undefined,
      onDamage: (what) => expect.fail(what),
    }),
  };
}

function artifact(path: string, contents: string, more: object = {}) {
  const digest = createHash('sha256').update(contents).digest('hex');
  return {
    to: 'artifact' as const,
    member: '1'.repeat(32),
    path,
    digest,
    size: contents.length,
    mode: 0o644,
    ...more,
  };
}

describe('the logs of a member', () => {
  test('wait while the disk has no room', async () => {
    const dir = join(await temporaryDirectory(), 'client.0');
    let makeRoom = () => {};
    const room = new Promise<void>((resolve) => (makeRoom = resolve));
    const files = new MemberFiles(dir, {
      now: () => 1,
      room: () => room,
      onDamage: (what) => expect.fail(what),
    });
    const log = await files.log('stdout', 0);
    const writing = log.write(bytes('late'));
    await settled();
    expect((await stat(join(dir, 'stdout.log'))).size).toBe(0);
    expect(files.waitsForRoom).toBe(true);
    makeRoom();
    await writing;
    expect(files.waitsForRoom).toBe(false);
    expect(String(await readFile(join(dir, 'stdout.log')))).toBe('late');
    await files.close();
  });

  test('have the names of their sources, and later incarnations a number', async () => {
    const { dir, files } = await aMember();
    for (const [source, incarnation] of [
      ['stdout', 0],
      ['stderr', 0],
      ['stdout', 2],
    ] as const)
      await files.log(source, incarnation);
    expect((await readdir(dir)).filter((name) => name.endsWith('.log')).toSorted()).toEqual([
      'stderr.log',
      'stdout.2.log',
      'stdout.log',
    ]);
    await files.close();
  });

  test('go on where the last write of the broken connection left them, and hear it no more', async () => {
    const { dir, files } = await aMember();
    const first = await files.log('stdout', 0);
    const chunk = Buffer.alloc(1024 * 1024, 'a');
    const late = first.write(chunk);
    first.abort();
    const second = await files.log('stdout', 0);
    await late;
    expect(second.length).toBe(chunk.byteLength);
    await rejection(first.write(bytes('too late')));
    await second.write(bytes('b'));
    await second.finish(second.length);
    expect((await stat(join(dir, 'stdout.log'))).size).toBe(chunk.byteLength + 1);
    expect(files.received).toBe(chunk.byteLength + 'too late'.length + 1);
  });

  test('opened by several connections at once belong to the last', async () => {
    const { dir, files } = await aMember();
    const sinks = await Promise.all([files.log('stdout', 0), files.log('stdout', 0), files.log('stdout', 0)]);
    await rejection(sinks[0].write(bytes('first')));
    await rejection(sinks[1].write(bytes('second')));
    await sinks[2].write(bytes('third'));
    await files.close();
    expect(String(await readFile(join(dir, 'stdout.log')))).toBe('third');
  });

  test('are refused when everything is closed', async () => {
    const { files } = await aMember();
    const sink = await files.log('stdout', 0);
    const closing = files.close();
    expect(await rejection(files.log('stdout', 0))).toMatchObject({ code: 'NO_SUCH_MEMBER' });
    expect(await rejection(files.artifact(artifact('a', 'x')))).toMatchObject({ code: 'NO_SUCH_MEMBER' });
    await closing;
    await rejection(sink.write(bytes('x')));
    await files.close();
  });

  test('that are being opened while everything is closed are closed too', async () => {
    const { files } = await aMember();
    const problem = files
      .log('stdout', 0)
      .then((sink) => rejection(sink.write(bytes('x'))))
      .catch((error: unknown) => error);
    await files.close();
    expect(await problem).toMatchObject({ code: expect.stringMatching(/^(CANCELLED|NO_SUCH_MEMBER)$/) });
  });
});

describe('an artifact', () => {
  test('comes into out/ whole, with its mode', async () => {
    const { dir, files } = await aMember();
    const modes = [0o755, 0o640, 0o777, 0o444];
    for (const mode of modes) {
      const sink = await files.artifact(artifact(`deep/down/${mode}`, 'contents', { mode }));
      expect(sink.length).toBe(0);
      await sink.write(bytes('con'));
      await sink.write(bytes('tents'));
      await sink.finish(8);
      const at = join(dir, `out/deep/down/${mode}`);
      expect(String(await readFile(at))).toBe('contents');
      expect((await stat(at)).mode & 0o777).toBe(mode);
    }
    expect(files.received).toBe(8 * modes.length);
    expect(await readdir(dir)).toEqual(['out']);
  });

  test('that its owner cannot read is kept readable for whoever keeps the results', async () => {
    const { dir, files } = await aMember();
    const sink = await files.artifact(artifact('secret', '', { mode: 0 }));
    await sink.finish(0);
    expect((await stat(join(dir, 'out/secret'))).mode & 0o777).toBe(0o400);
  });

  test('may have the longest name there is', async () => {
    const { dir, files } = await aMember();
    const name = 'x'.repeat(255);
    const sink = await files.artifact(artifact(name, ''));
    await sink.finish(0);
    expect(await readdir(join(dir, 'out'))).toEqual([name]);
  });

  test.for([
    ['other contents', 'CONTENTS', 8],
    ['fewer bytes', 'con', 3],
  ] as const)('with %s than announced is refused, and nothing of it stays', async ([, sent, length]) => {
    const { dir, files } = await aMember();
    const sink = await files.artifact(artifact('a', 'contents'));
    await sink.write(bytes(sent));
    expect(await rejection(sink.finish(length))).toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('out/a does not have the contents'),
    });
    expect(await readdir(dir, { recursive: true })).toEqual(['out']);
  });

  test('with more bytes than announced is refused as soon as they come', async () => {
    const { dir, files } = await aMember();
    const sink = await files.artifact(artifact('a', 'contents'));
    expect(await rejection(sink.write(bytes('contents!')))).toMatchObject({ code: 'DIGEST_MISMATCH' });
    sink.abort();
    await eventually(async () => expect(await readdir(dir, { recursive: true })).toEqual(['out']));
  });

  test('whose transfer broke off comes anew, undisturbed by the old one', async () => {
    const { dir, files } = await aMember();
    const first = await files.artifact(artifact('a', 'contents'));
    await first.write(bytes('cont'));
    first.abort();
    const second = await files.artifact(artifact('a', 'contents'));
    await second.write(bytes('contents'));
    await rejection(first.write(bytes('ents')));
    await second.finish(8);
    expect(String(await readFile(join(dir, 'out/a')))).toBe('contents');
    await eventually(async () => expect(await readdir(dir)).toEqual(['out']));
  });

  test('takes the place of an earlier one of the same name', async () => {
    const { dir, files } = await aMember();
    for (const contents of ['old', 'newer']) {
      const sink = await files.artifact(artifact('a', contents));
      await sink.write(bytes(contents));
      await sink.finish(contents.length);
    }
    expect(String(await readFile(join(dir, 'out/a')))).toBe('newer');
  });

  test('that is on its way when everything is closed leaves nothing', async () => {
    const { dir, files } = await aMember();
    const sink = await files.artifact(artifact('a', 'contents'));
    await sink.write(bytes('cont'));
    await files.close();
    expect(await readdir(dir, { recursive: true })).toEqual(['out']);
  });

  test('that an earlier master did not receive to its end is removed when everything is closed', async () => {
    const { dir, files } = await aMember();
    const sink = await files.artifact(artifact('a', 'whole'));
    await sink.write(bytes('whole'));
    await sink.finish(5);
    await writeFile(join(dir, '.part-0123456789abcdef'), 'hal');
    await files.close();
    expect((await readdir(dir, { recursive: true })).toSorted()).toEqual(['out', 'out/a']);
  });

  test('below what is a file says so', async () => {
    const { files } = await aMember();
    await (await files.artifact(artifact('a', ''))).finish(0);
    await expect(files.artifact(artifact('a/b', ''))).rejects.toThrow(/ENOTDIR|EEXIST/);
  });
});

describe('links', () => {
  test('are made after all files, and once', async () => {
    const { dir, files } = await aMember();
    await (await files.artifact(artifact('real/file', ''))).finish(0);
    const links = [
      { path: 'here', target: 'real/file' },
      { path: 'deep/there', target: '../real' },
    ];
    expect(await files.links(links)).toEqual([]);
    expect(await files.links([{ path: 'more', target: 'x' }])).toEqual([]);
    expect(await readlink(join(dir, 'out/here'))).toBe('real/file');
    expect(await readlink(join(dir, 'out/deep/there'))).toBe('../real');
    expect((await readdir(join(dir, 'out'))).toSorted()).toEqual(['deep', 'here', 'real']);
  });

  test('end the artifacts: nothing is written through one', async () => {
    const { files } = await aMember();
    await files.links([{ path: 'here', target: 'there' }]);
    expect(await rejection(files.artifact(artifact('here/x', '')))).toMatchObject({ code: 'BAD_PARAMS' });
  });

  test.for([
    [[{ path: 'a', target: '../../etc' }], 'a link stays inside its tree'],
    [[{ path: 'a', target: '/etc' }], 'a link stays inside its tree'],
    [[{ path: '../a', target: 'b' }], 'a path is relative'],
    [
      [
        { path: 'a', target: '.' },
        { path: 'a/b', target: 'c' },
      ],
      'no path leads through a link',
    ],
    [
      [
        { path: 'a', target: 'b' },
        { path: 'a', target: 'c' },
      ],
      'paths are unique',
    ],
  ] as const)(
    'that lead out, or through one another, are not made, none of them: %j',
    async ([links, why]) => {
      const { dir, files } = await aMember();
      expect(await files.links(links)).toEqual(
        links.map(({ path }) => ({ path, why: expect.stringContaining(why) as string })),
      );
      expect(await readdir(dir).catch(() => [])).toEqual([]);
    },
  );

  test('whose place is taken are told, and the others are made', async () => {
    const { dir, files } = await aMember();
    await (await files.artifact(artifact('file', ''))).finish(0);
    const links = [
      { path: 'file', target: 'x' },
      { path: 'file/below', target: 'x' },
      { path: 'free', target: 'x' },
    ];
    // `file/below` leads through what is announced as a link here, so it is asked for by itself.
    const refused = await files.links(links.filter(({ path }) => path !== 'file/below'));
    expect(refused).toEqual([{ path: 'file', why: expect.stringContaining('EEXIST') as string }]);
    expect((await lstat(join(dir, 'out/free'))).isSymbolicLink()).toBe(true);
  });
});

describe('subtests', () => {
  const line = (name: string, status: string, more: object = {}) =>
    `${JSON.stringify({ event: 'result', at: 1, request: 'a-request', name, status, ...more })}\n`;

  async function subtests(...texts: string[]) {
    const { files } = await aMember();
    for (const [incarnation, text] of texts.entries()) {
      const sink = await files.log('events', incarnation);
      await sink.write(bytes(text));
      await sink.finish(text.length);
    }
    const { subtests: said } = await files.said.conclude(true);
    return said.map(({ at, ...subtest }) => (expect(at).toBe(1), subtest));
  }

  test('are those that were reported, with what was measured', async () => {
    const text =
      line('tcp', 'pass', { measure: 9410, unit: 'Mbit/s' }) + line('udp', 'fail', { message: 'lost' });
    expect(await subtests(text)).toEqual([
      { name: 'tcp', status: 'pass', measure: 9410, unit: 'Mbit/s' },
      { name: 'udp', status: 'fail', message: 'lost' },
    ]);
  });

  test('reported twice are what was said last, in the place of the first', async () => {
    const text = line('a', 'fail') + line('b', 'pass') + line('a', 'pass');
    expect(await subtests(text)).toEqual([
      { name: 'a', status: 'pass' },
      { name: 'b', status: 'pass' },
    ]);
  });

  test('of later incarnations come after the earlier ones', async () => {
    expect(await subtests(line('a', 'pass'), line('b', 'pass') + line('a', 'warn'))).toEqual([
      { name: 'a', status: 'warn' },
      { name: 'b', status: 'pass' },
    ]);
  });

  test('are read around lines that are torn, foreign or empty', async () => {
    const torn = line('z', 'pass').slice(0, -8);
    expect(
      await subtests(`\n{"event":"mark"}\n[]\n${line('a', 'pass')}${line('b', 'maybe')}\0\n${torn}`),
    ).toEqual([{ name: 'a', status: 'pass' }]);
  });

  test('of a member that has no events are none', async () => {
    const { files } = await aMember();
    await files.log('stdout', 0);
    expect(await files.said.conclude(true)).toMatchObject({ subtests: [] });
    await files.close();
  });

  test('whose file has gone reject', async () => {
    const { dir, files } = await aMember();
    await files.log('events', 0);
    await files.close();
    await rm(join(dir, 'events.log'));
    await expect(files.said.conclude(true)).rejects.toThrow('ENOENT');
  });
});
