/** The wrapper's promises, under each shell that may be a machine's /bin/sh. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { WRAPPER } from '../../src/members/wrapper.ts';
import { inline, makeLab, until } from './lab.ts';

const shells = ['dash', 'bash --posix', 'busybox sh'].map((name) => {
  const [program = '', ...args] = name.split(' ');
  const file = find(program);
  return { name, there: file !== undefined, shell: { file: file ?? program, args } };
});

function find(program: string): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

describe.each(shells)('under $name', ({ shell, there }) => {
  test.skipIf(!there)('the status is the script’s own', async () => {
    const lab = await makeLab({ shell });
    expect((await lab.run(inline('exit 77'))).exit).toEqual({ how: 'exited', code: 77 });
    expect((await lab.run(inline('kill -9 $$'))).exit).toEqual({ how: 'signalled', signal: 'SIGKILL' });
    expect((await lab.run(inline('kill 0'))).exit).toEqual({ how: 'signalled', signal: 'SIGTERM' });
    expect((await lab.run(inline("trap 'kill 0' EXIT; exit 5"))).exit).toEqual({
      how: 'signalled',
      signal: 'SIGTERM',
    });
    expect((await lab.run(inline("trap '' TERM; kill 0; exit 5"))).exit).toEqual({ how: 'exited', code: 5 });
    expect(lab.complaints).toEqual([]);
  });

  test.skipIf(!there)('the status is published under a storm of signals to the group', async () => {
    const lab = await makeLab({ shell });
    const spec = inline("trap '' TERM; while :; do kill 0; done & exit 5");
    expect((await lab.run(spec)).exit).toEqual({ how: 'exited', code: 5 });
    expect(lab.complaints).toEqual([]);
  });

  test.skipIf(!there)('the script’s environment may have any name that the wrapper could use', async () => {
    const lab = await makeLab({ shell });
    const names = [...WRAPPER.matchAll(/\b[a-z]\w*/g)].map(([name]) => name);
    const env = Object.fromEntries(
      [...new Set(names)].filter((name) => !name.startsWith('tutti_')).map((name) => [name, 'mine']),
    );
    const spec = inline('cat /proc/self/environ', { env });
    await lab.run(spec);
    const seen = lab.text(spec.member, 'stdout.0').split('\0');
    expect(seen).toEqual(expect.arrayContaining(Object.keys(env).map((name) => `${name}=mine`)));
  });

  test.skipIf(!there)('no signal is ignored, blocked or caught in the script', async () => {
    const lab = await makeLab({ shell });
    const spec = inline('cat /proc/self/status');
    await lab.run(spec);
    expect(lab.text(spec.member, 'stdout.0').match(/^Sig(Blk|Ign|Cgt):\s0{16}$/gm)).toHaveLength(3);
  });

  test.skipIf(!there)('the script gets three descriptors and none of the agent’s', async () => {
    const lab = await makeLab({ shell });
    const spec = inline('for fd in 0 1 2 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$fd || :; done');
    await lab.run(spec);
    const dir = lab.dir(spec.member);
    expect(lab.text(spec.member, 'stdout.0')).toBe(`/dev/null\n${dir}/stdout.pipe\n${dir}/stderr.pipe\n`);
  });

  test.skipIf(!there)('a script can reopen its output by name', async () => {
    const lab = await makeLab({ shell });
    const spec = inline(
      'echo a > /dev/stderr; echo b | tee /dev/stderr; echo c >> /dev/stdout; echo d > /proc/self/fd/2',
    );
    await lab.run(spec);
    expect(lab.text(spec.member, 'stdout.0')).toBe('b\nc\n');
    expect(lab.text(spec.member, 'stderr.0')).toBe('a\nb\nd\n');
  });

  test.skipIf(!there)('output is bytes: NULs, what is not UTF-8, no newline at the end', async () => {
    const lab = await makeLab({ shell });
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
    const spec = inline('cat bytes');
    await lab.members.prepare(spec);
    writeFileSync(`${lab.dir(spec.member)}/work/bytes`, bytes);
    await lab.members.start(spec.member);
    const end = await lab.ended(spec.member);
    expect(readFileSync(`${lab.dir(spec.member)}/stdout.0`).equals(bytes)).toBe(true);
    expect(end.logs[0]?.length).toBe(bytes.length);
  });

  test.skipIf(!there)('a wrapper that is started twice runs the script once', async () => {
    const lab = await makeLab({ shell });
    const spec = inline('echo once; read -r _ < /dev/zero');
    await lab.members.prepare(spec);
    await lab.members.start(spec.member);
    await until('the script runs', () => lab.text(spec.member, 'stdout.0') === 'once\n');
    execFileSync(shell.file, [...shell.args, 'wrapper', '0', '', '/bin/sh', '-c', 'echo twice'], {
      cwd: lab.dir(spec.member),
    });
    expect(lab.text(spec.member, 'stdout.0')).toBe('once\n');
    expect(() => lab.text(spec.member, 'status.0')).toThrow(/ENOENT/);
  });

  test.skipIf(!there)('a stop that came before the script keeps it from starting', async () => {
    const lab = await makeLab({ shell });
    const spec = inline('echo never');
    await lab.members.prepare(spec);
    writeFileSync(`${lab.dir(spec.member)}/stop.0`, '');
    await lab.members.start(spec.member);
    expect((await lab.ended(spec.member)).exit).toEqual({ how: 'signalled', signal: 'SIGTERM' });
    expect(lab.text(spec.member, 'stdout.0')).toBe('');
  });

  test.skipIf(!there)('the script runs in work/, with nothing to read', async () => {
    const lab = await makeLab({ shell });
    const spec = inline('pwd; wc -c');
    await lab.run(spec);
    expect(lab.text(spec.member, 'stdout.0')).toBe(`${lab.dir(spec.member)}/work\n0\n`);
  });

  test.skipIf(!there)('what the script finds on PATH does not change what the wrapper uses', async () => {
    const lab = await makeLab({ shell });
    const spec = inline('exec /bin/sh -c "exit 4"', { env: { PATH: '/nowhere' } });
    expect((await lab.run(spec)).exit).toEqual({ how: 'exited', code: 4 });
  });
});

test('a hundred megabytes of output arrive whole', { timeout: 60_000 }, async () => {
  const lab = await makeLab();
  const spec = inline('head -c 100000000 /dev/zero | tr "\\0" "x"; echo end >&2');
  const end = await lab.run(spec);
  expect(end.logs.map(({ length }) => length)).toEqual([100_000_000, 4, 0]);
  const path = `${lab.dir(spec.member)}/stdout.0`;
  expect(statSync(path).size).toBe(100_000_000);
  expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(
    createHash('sha256').update(Buffer.alloc(100_000_000, 'x')).digest('hex'),
  );
});
