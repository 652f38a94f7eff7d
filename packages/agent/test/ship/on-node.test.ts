/** What a master has a whole agent do on its machine: commands, files, waits, reboots; and what drivers ask by their agent. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CallParams, CommandSpec, LocalAnswer, Manifest, MemberSpec } from '@tutti/protocol';
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { commandOf, driven } from '../commands/command-lab.ts';
import { ask } from '../members/ask.ts';
import { type FakeMaster, MASTER, stage } from './fake-master.ts';
import { type Place, place, run, script } from './place.ts';

/** What the master has of a command's output. */
function output(master: FakeMaster, { member }: CommandSpec, source = 'stdout'): string {
  const found = master.copies.sinks.filter(
    ({ target }) => target.to === 'log' && target.member === member && target.source === source,
  );
  return found.map(({ sink }) => sink.file.bytes.toString()).at(-1) ?? '';
}

const ofMaster = (
  of: MemberSpec | undefined,
  command: CommandSpec['command'],
  more: Partial<CommandSpec> = {},
) => commandOf(of, command, { master: MASTER, ...more });

/** A place with a driven member on it. */
async function withDriven(more: Partial<MemberSpec> = {}): Promise<Place & { db: MemberSpec; work: string }> {
  const here = await place();
  await here.start({ bootId: 'boot-0', rebootCommands: [`echo down >>'${join(here.base, 'down')}'`] });
  const db = driven({ master: MASTER, ...more });
  await run(here.master, db);
  return { ...here, db, work: join(here.base, 'state/members', db.member, 'work') };
}

describe('a command', () => {
  test('is started, shipped, and told to have ended; nothing but its output is sent', async () => {
    const { master, db } = await withDriven({ secrets: { PASS: 'hush-hush' } });
    const session = await master.session();
    const spec = ofMaster(db, String.raw`printf 'bytes \377 %s\n' "$PASS"; echo "$PASS" >&2; exit 3`);
    await session.call('command.start', { spec });
    await session.call('command.start', { spec });
    await eventually(() => master.copies.collected.some(({ member }) => member === spec.member));
    expect(master.copies.ended).toEqual([
      {
        member: spec.member,
        end: expect.objectContaining({ exit: { how: 'exited', code: 3 }, lastLine: '*********' }) as unknown,
      },
    ]);
    expect(master.copies.collected).toEqual([{ member: spec.member, skipped: [], links: [] }]);
    expect(output(master, spec, 'stderr')).toBe('*********\n');
    const sinks = master.copies.sinks.filter(
      ({ target }) => 'member' in target && target.member === spec.member,
    );
    expect(new Set(sinks.map(({ target }) => target.to === 'log' && target.source))).toEqual(
      new Set(['stderr', 'stdout']),
    );
    expect(sinks.filter(({ sink }) => sink.file.bytes.includes(0xff))).toHaveLength(1);
    await session.call('member.forget', { member: spec.member });
    await expect(
      session.call('command.kill', { member: spec.member, request: 'request-1', signal: 'TERM' }),
    ).rejects.toMatchObject({ code: 'NO_SUCH_COMMAND' });
  });

  test('goes on without a master, is in the next hello, and may be stopped and signalled then', async () => {
    const { master, db } = await withDriven();
    const session = await master.session();
    const spec = ofMaster(db, 'trap "echo told" USR1; echo up; while :; do sleep 0.02; done');
    await session.call('command.start', { spec });
    await eventually(() => output(master, spec) === 'up\n');
    master.cut();
    const next = await master.session(2);
    expect(master.hellos[1]!.members).toContainEqual({
      member: spec.member,
      master: MASTER,
      state: 'running',
      incarnation: 0,
    });
    await next.call('command.kill', { member: spec.member, request: 'request-1', signal: 'USR1' });
    await eventually(() => output(master, spec) === 'up\ntold\n');
    await next.call('member.stop', { member: spec.member, reason: 'cancelled' });
    await eventually(() => master.copies.collected.some(({ member }) => member === spec.member));
    expect(master.copies.ended.at(-1)!.end).toMatchObject({ stopped: 'cancelled' });
  });

  test('that the next welcome gives up is ended', async () => {
    const { master, db, base } = await withDriven();
    const session = await master.session();
    const spec = ofMaster(db, 'echo up; exec sleep 1000');
    await session.call('command.start', { spec });
    await eventually(() => output(master, spec) === 'up\n');
    master.giveUp = [spec.member];
    master.cut();
    await master.session(2);
    const end = join(base, 'state/members', db.member, `cmd-${spec.number}/end.json`);
    await eventually(() => existsSync(end));
    expect(JSON.parse(readFileSync(end, 'utf8'))).toMatchObject({ stopped: 'given-up' });
  });
});

describe('files', () => {
  test('are written below the files of a member, and read back to who lacks them', async () => {
    const { master, db, work } = await withDriven();
    const session = await master.session();
    const { digest, size } = await stage(session, 'hello');
    const manifest: Manifest = [
      { kind: 'dir', path: 'sub', mode: 0o755 },
      { kind: 'file', path: 'sub/a', mode: 0o600, digest, size },
    ];
    const tree = { kind: 'directory' as const, manifest: await stage(session, JSON.stringify(manifest)) };
    expect(await session.call('files.write', { of: db.member, path: 'conf', ...tree })).toEqual({
      files: 1,
      bytes: 5,
    });
    expect(readFileSync(join(work, 'conf/sub/a'), 'utf8')).toBe('hello');
    writeFileSync(join(work, 'conf/b'), 'new here');
    const asked: CallParams<'blob.missing'>['blobs'][] = [];
    master.handlers['blob.missing'] = ({ blobs }) => {
      asked.push(blobs);
      return { missing: [...blobs.keys()].filter((n) => blobs[n]?.digest !== digest) };
    };
    master.cut();
    const next = await master.session(2);
    const read = await next.call('files.read', { of: db.member, path: 'conf' });
    expect(read.kind).toBe('directory');
    expect(asked.flat()).toHaveLength(3);
    const blobs = new Map(
      master.copies.sinks.flatMap(({ target, sink }) =>
        target.to === 'blob' ? [[target.digest, sink.file.bytes.toString()]] : [],
      ),
    );
    expect(JSON.parse(blobs.get(read.manifest.digest) ?? '')).toHaveLength(3);
    expect([...blobs.values()]).toContain('new here');
    expect([...blobs.values()]).not.toContain('hello');
  });

  test('that are not there, lead out, or are of nobody are refused by name', async () => {
    const { master, db, work } = await withDriven();
    const session = await master.session();
    await expect(session.call('files.read', { of: db.member, path: 'nothing' })).rejects.toMatchObject({
      code: 'NO_SUCH_FILE',
      message: `there is no ${work}/nothing on n1`,
    });
    await expect(session.call('files.read', { of: db.member, path: '../spec.json' })).rejects.toMatchObject({
      code: 'PATH_ESCAPES',
    });
    await expect(session.call('files.read', { of: 'f'.repeat(32), path: 'x' })).rejects.toMatchObject({
      code: 'NO_SUCH_MEMBER',
    });
  });
});

describe('waiting', () => {
  test('for a file and a line below the files of a member, and for a line of a command', async () => {
    const { master, db, work } = await withDriven({ secrets: { PASS: 'hush-hush' } });
    const session = await master.session();
    const file = session.call('machine.wait', { of: db.member, for: { is: 'file', path: 'ready' } });
    const log = session.call('machine.wait', {
      of: db.member,
      for: { is: 'log', path: 'log', pattern: 'up' },
    });
    mkdirSync(work, { recursive: true });
    writeFileSync(join(work, 'ready'), '');
    writeFileSync(join(work, 'log'), 'is up: hush-hush\n');
    expect(await file).toEqual({});
    expect(await log).toEqual({ line: 'is up: *********' });
    const spec = ofMaster(db, 'echo one; echo listening on 5 >&2; until [ -e go ]; do sleep 0.02; done');
    await session.call('command.start', { spec });
    const lineOf = (pattern: string) =>
      session.call('machine.wait', { of: db.member, for: { is: 'log', command: spec.member, pattern } });
    expect(await lineOf('listening on \\d')).toEqual({ line: 'listening on 5' });
    const never = lineOf('never');
    writeFileSync(join(work, 'go'), '');
    await expect(never).rejects.toMatchObject({ code: 'WAIT_BROKEN' });
    await expect(
      session.call('machine.wait', { for: { is: 'log', command: 'f'.repeat(32), pattern: 'x' } }),
    ).rejects.toMatchObject({ code: 'NO_SUCH_COMMAND' });
  });

  test('ends with the call', async () => {
    const { master } = await withDriven();
    const session = await master.session();
    const stop = new AbortController();
    const waiting = session.call(
      'machine.wait',
      { for: { is: 'file', path: '/no/such' } },
      { signal: stop.signal },
    );
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a reboot of the machine', () => {
  test('is refused while members live on it, and done once', async () => {
    const { master, db, base } = await withDriven();
    const session = await master.session();
    await expect(session.call('machine.reboot', { boot: 'boot-0' })).rejects.toMatchObject({
      code: 'CANNOT_REBOOT',
      message: 'n1 is not rebooted: members of a run live on it',
    });
    await session.call('member.forget', { member: db.member });
    // Of another boot it has been done.
    await session.call('machine.reboot', { boot: 'boot-before' });
    expect(existsSync(join(base, 'down'))).toBe(false);
    // An operator's own command is in nobody's way.
    await session.call('command.start', { spec: ofMaster(undefined, 'exec sleep 1000') });
    await session.call('machine.reboot', { boot: 'boot-0' });
    master.cut();
    const next = await master.session(2);
    await next.call('machine.reboot', { boot: 'boot-0' });
    expect(readFileSync(join(base, 'down'), 'utf8')).toBe('down\n');
  });

  test('is refused where nobody has said how', async () => {
    const { master, start } = await place();
    await start({ bootId: 'boot-0' });
    const session = await master.session();
    await expect(session.call('machine.reboot', { boot: 'boot-0' })).rejects.toMatchObject({
      code: 'CANNOT_REBOOT',
      message: 'this agent has no reboot command',
    });
  });
});

describe('a driver', () => {
  const topology: MemberSpec['topology'] = ['driver.0', 'db.0', 'db.1'].map((member) => ({
    member,
    role: member.split('.')[0] ?? '',
    index: Number(member.split('.')[1]),
    node: 'n1',
    addresses: [],
    params: {},
  }));

  async function driver(handlers: FakeMaster['handlers'] = {}, more: object = {}) {
    const here = await place();
    const { master, base } = here;
    master.handlers = handlers;
    const agent = await here.start();
    const spec = script('echo $TUTTI_SOCKET; exec sleep 1000', {
      name: 'driver.0',
      role: 'driver',
      drives: true,
      topology,
      ...more,
    });
    await run(master, spec);
    const out = join(base, 'state/members', spec.member, 'stdout.0');
    const socket = await eventually(
      () => readFileSync(out, 'utf8').endsWith('\n') && readFileSync(out, 'utf8').trim(),
    );
    const drive = (id: string, args: object) =>
      ask(String(socket), { id, call: 'drive', args }) as Promise<LocalAnswer>;
    return { ...here, agent, spec, drive };
  }

  test('is passed on with its own request, and answered with what the master says', async () => {
    const asked: unknown[] = [];
    const { spec, drive } = await driver({
      'drive.start': (params) => {
        asked.push(params);
        return { command: 'c'.repeat(32), number: 4 };
      },
    });
    const args = { command: ['ls', '-l'] };
    expect(await drive('request-1', { on: 'db.1', do: 'start', args })).toEqual({
      id: 'request-1',
      result: { command: 'c'.repeat(32), number: 4 },
    });
    expect(asked).toEqual([{ member: spec.member, request: 'request-1', on: 'db.1', args }]);
    // The role is enough where it has one member.
    await drive('request-2', { on: 'driver', do: 'start', args });
    expect(asked[1]).toMatchObject({ on: 'driver.0' });
    expect(await drive('request-3', { on: 'db', do: 'start', args })).toMatchObject({
      error: { code: 'BAD_PARAMS', message: 'drive: "db" may be db.0, db.1; say which' },
    });
    expect(asked).toHaveLength(2);
  });

  test('is refused what is none, whom the test does not have, and arguments that do not fit', async () => {
    const { drive } = await driver();
    expect(await drive('request-1', { on: 'dv.0', do: 'facts' })).toMatchObject({
      error: { code: 'BAD_PARAMS', message: 'drive: member: the test has no "dv.0"; did you mean "db.0"?' },
    });
    expect(await drive('request-2', { on: 'db.0', do: 'start', args: { command: 5 } })).toMatchObject({
      error: { code: 'BAD_PARAMS', message: expect.stringContaining('command') as string },
    });
    expect(await drive('request-3', { on: 'db.0', do: 'explode' })).toMatchObject({
      error: { code: 'BAD_PARAMS' },
    });
    const none = await driver({}, { drives: undefined });
    expect(await none.drive('request-1', { on: 'db.0', do: 'facts' })).toMatchObject({
      error: { code: 'NOT_A_DRIVER' },
    });
  });

  test('asks again after a lost connection, by the same request', async () => {
    const asked: string[] = [];
    const { master, drive } = await driver({
      'drive.wait': ({ request }) => {
        asked.push(request);
        return asked.length === 1 ? new Promise(() => {}) : { waited: 2 };
      },
    });
    const answer = drive('request-1', { on: 'db.0', do: 'wait', args: { for: { is: 'port', port: 80 } } });
    await eventually(() => asked.length === 1);
    master.cut();
    expect(await answer).toEqual({ id: 'request-1', result: { waited: 2 } });
    expect(asked).toEqual(['request-1', 'request-1']);
  });

  test('puts a file of its machine, across a lost connection, and gets one onto it', async () => {
    let cuts = 1;
    const puts: CallParams<'drive.put'>[] = [];
    const handlers: FakeMaster['handlers'] = {
      'blob.missing': ({ blobs }) => {
        if (cuts === 0) return { missing: [...blobs.keys()] };
        cuts -= 1;
        setImmediate(() => master.cut());
        return new Promise(() => {});
      },
      'drive.put': (params) => {
        puts.push(params);
        return { files: 1, bytes: bytes.length };
      },
    };
    const { master, base, drive } = await driver(handlers);
    const from = join(base, 'a.bin');
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, n) => n % 251));
    writeFileSync(from, bytes, { mode: 0o750 });
    expect(
      await drive('request-1', { on: 'db.0', do: 'put', args: { from, path: 'conf/a', mode: 0o600 } }),
    ).toEqual({ id: 'request-1', result: { files: 1, bytes: bytes.length } });
    expect(puts).toMatchObject([
      { request: 'request-1', on: 'db.0', args: { kind: 'file', path: 'conf/a', mode: 0o600 } },
    ]);
    const blobs = master.copies.sinks.flatMap(({ target, sink }) =>
      target.to === 'blob' ? [{ target, sink }] : [],
    );
    const manifest = blobs.find(({ target }) => target.digest === puts[0]!.args.manifest.digest);
    expect(JSON.parse(manifest?.sink.file.bytes.toString() ?? '')).toMatchObject([
      { kind: 'file', path: 'a.bin', mode: 0o750, size: bytes.length },
    ]);
    const digest = createHash('sha256').update(bytes).digest('hex');
    expect(blobs.find(({ target }) => target.digest === digest)?.sink.file.bytes.equals(bytes)).toBe(true);

    const session = await master.session(2);
    const content = await stage(session, 'from there');
    const got = await stage(
      session,
      JSON.stringify([{ kind: 'file', path: 'there', mode: 0o640, ...content }]),
    );
    handlers['drive.get'] = ({ args }) => {
      expect(args).toEqual({ path: '/etc/there' });
      return { kind: 'file', manifest: got, skipped: [{ path: 'x', why: 'a fifo' }] };
    };
    master.cut();
    await master.session(3);
    const to = join(base, 'new/here');
    expect(await drive('request-2', { on: 'db.0', do: 'get', args: { path: '/etc/there', to } })).toEqual({
      id: 'request-2',
      result: { files: 1, bytes: 10, skipped: [{ path: 'x', why: 'a fifo' }] },
    });
    expect(readFileSync(to, 'utf8')).toBe('from there');
  });

  test('is told by name of a file that it does not have', async () => {
    const { drive } = await driver();
    expect(
      await drive('request-1', { on: 'db.0', do: 'put', args: { from: '/no/such', path: 'x' } }),
    ).toMatchObject({
      error: { code: 'NO_SUCH_FILE', message: 'there is no /no/such on n1' },
    });
  });
});
