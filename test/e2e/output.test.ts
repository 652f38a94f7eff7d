/** What scripts write and leave, however they end: every byte of it is in the results, and none of their processes. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attempt, folder, member, named, stderrOf, stdoutOf } from './support/results.ts';
import { leftovers, traces } from './support/traces.ts';
import { eventually, processesWith, readReport, reportMistakes, startTutti } from './support/tutti.ts';

test('binary output with NULs and no final newline is kept to the byte', async () => {
  const cwd = await folder({
    'noise.py': `#!/usr/bin/env python3
import hashlib, os, sys
for stream, size in ((sys.stdout.buffer, 3000017), (sys.stderr.buffer, 70001)):
    noise = b'\\0\\n\\r\\xff\\xfe\\0' + os.urandom(size) + b'\\0'
    stream.write(noise)
    stream.flush()
    with open(os.environ['TUTTI_OUT'] + '/' + str(stream.name), 'w') as out:
        out.write(hashlib.sha256(noise).hexdigest())
`,
  });
  const { code, report } = await runLocal(cwd, [
    '--role',
    'a=./noise.py',
    '--role',
    `b=printf 'a\\000b\\377'; printf 'no end' >&2`,
  ]);
  expect(code).toBe(0);
  const [only] = report.tests;
  const noisy = join(cwd, 'tutti-results/latest', member(only, 'a.0').dir);
  for (const stream of ['stdout', 'stderr']) {
    const bytes = await readFile(join(noisy, `${stream}.log`));
    const wrote = await readFile(join(noisy, `out/<${stream}>`), 'utf8');
    expect(createHash('sha256').update(bytes).digest('hex'), `${stream}, ${bytes.length} bytes`).toBe(wrote);
  }
  const plain = join(cwd, 'tutti-results/latest', member(only, 'b.0').dir);
  expect(await readFile(join(plain, 'stdout.log'))).toEqual(Buffer.from('a\0b\xff', 'latin1'));
  expect(await readFile(join(plain, 'stderr.log'))).toEqual(Buffer.from('no end'));
});

const HABITS = `
suite: habits
timeout: 20s
tests:
  - name: opens its streams by name
    roles:
      a: |
        echo one > /dev/stderr
        echo two | tee /dev/stderr
        echo three > /dev/stdout
        echo four >> /proc/self/fd/2
  - name: kills its process group
    roles:
      a: |
        #!/bin/bash
        trap 'kill 0' EXIT
        sleep 1000 &
        echo begun
  - name: kills its process group and survives
    roles:
      a: |
        trap 'trap "" TERM; kill 0; echo bye' EXIT
        sleep 1000 &
        echo begun
  - name: gives up waiting
    roles:
      a: |
        timeout 1 tutti barrier x || echo "gave up: $?"
        tutti barrier ready
        tutti barrier x --rank
      b: |
        tutti barrier ready
        tutti barrier x
  - name: leaves daemons
    roles:
      a: |
        TELL
        setsid sh -c 'trap "" TERM HUP; sleep 1000' &
        (setsid sleep 1000 &) &
        setsid env -i /bin/sh -c 'sleep 1000 & exec sleep 1000' >/dev/null 2>&1 </dev/null &
        echo "left them"
        exit 0
  - name: killed
    roles:
      a: { run: 'echo last words; kill -9 $$', essential: true }
      b: { run: 'kill -SEGV $$', essential: true }
      c: { run: 'printf "half a line"; exit 300', essential: true }
`;

test('what scripts commonly do to their streams, groups and children works, and is told truly', async () => {
  const told = await traces();
  const cwd = await folder({ 'habits.yaml': HABITS.replace('TELL', told.tell) });
  const { report, run } = await runLocal(cwd, ['habits.yaml']);
  expect(reportMistakes(report)).toEqual([]);
  const the = (name: string) => named(report, name);

  const opens = the('opens its streams by name');
  expect(opens.status).toBe('PASS');
  expect(await stdoutOf(cwd, opens, 'a.0')).toBe('two\nthree\n');
  expect(await stderrOf(cwd, opens, 'a.0')).toBe('one\ntwo\nfour\n');

  // By hand the shell that does it also ends with 143: the signal reaches itself.
  const kills = the('kills its process group');
  expect(member(kills, 'a.0')).toMatchObject({ status: 'FAIL', signal: 'SIGTERM' });
  expect(await stdoutOf(cwd, kills, 'a.0')).toBe('begun\n');
  const survives = the('kills its process group and survives');
  expect(survives.status).toBe('PASS');
  expect(await stdoutOf(cwd, survives, 'a.0')).toBe('begun\nbye\n');

  const gives = the('gives up waiting');
  expect(gives).toMatchObject({ status: 'PASS' });
  expect(await stdoutOf(cwd, gives, 'a.0')).toMatch(/^gave up: 124\n[01]\n$/);
  expect(attempt(gives).barriers).toMatchObject([
    { name: 'ready', generation: 0, size: 2 },
    { name: 'x', generation: 0, size: 2 },
  ]);

  const leaves = the('leaves daemons');
  expect(member(leaves, 'a.0')).toMatchObject({ status: 'PASS', exit: 0 });
  expect(await stdoutOf(cwd, leaves, 'a.0')).toBe('left them\n');

  const killed = the('killed');
  expect(member(killed, 'a.0')).toMatchObject({ status: 'FAIL', signal: 'SIGKILL' });
  expect(member(killed, 'a.0').cause).toContain('last line: "last words"');
  expect(member(killed, 'b.0')).toMatchObject({ status: 'FAIL', signal: 'SIGSEGV' });
  expect(member(killed, 'c.0')).toMatchObject({ status: 'FAIL', exit: 300 % 256 });
  expect(member(killed, 'c.0').cause).toContain('last line: "half a line"');

  expect(await leftovers(run, told, { within: 0 })).toEqual([]);
});

test('what lies in $TUTTI_OUT comes along with its modes and links; what cannot is named', async () => {
  const cwd = await folder({});
  const script = `cd $TUTTI_OUT
    mkdir -p deep/er/est empty; echo data > deep/er/est/file; chmod 750 deep/er/est/file; : > nothing
    ln -s deep/er/est/file inside; ln -s ../deep deep/loop; ln -s /etc/passwd outside; ln -s nowhere dangling
    mkfifo pipe; printf 'x' > "strange name: ü #?"; printf x > "$(printf 'not\\377utf8')"
    head -c 5000000 /dev/urandom > big; sha256sum < big > sum; (sleep 0.2; echo late > late) & echo done`;
  const { code, report } = await runLocal(cwd, ['--role', `a=${script}`]);
  expect(code).toBe(0);
  const { dir, skipped = [] } = member(report.tests[0], 'a.0');
  const out = join(cwd, 'tutti-results/latest', dir, 'out');
  expect(skipped.map(({ path }) => path).toSorted()).toEqual(['not\ufffdutf8', 'outside', 'pipe']);
  expect(skipped.map(({ why }) => why).join('\n')).toContain('leads out of $TUTTI_OUT, to /etc/passwd');
  expect((await readdir(out)).toSorted()).toEqual(
    ['big', 'dangling', 'deep', 'inside', 'nothing', 'strange name: ü #?', 'sum'].toSorted(),
  );
  expect(await readFile(join(out, 'inside'), 'utf8')).toBe('data\n');
  expect(await readlink(join(out, 'deep/loop'))).toBe('../deep');
  expect((await lstat(join(out, 'deep/er/est/file'))).mode & 0o777).toBe(0o750);
  const sum = createHash('sha256')
    .update(await readFile(join(out, 'big')))
    .digest('hex');
  expect(await readFile(join(out, 'sum'), 'utf8')).toContain(sum);
});

test('a script finds the promised names in its environment, and no others', async () => {
  const cwd = await folder({});
  const { code, report } = await runLocal(
    cwd,
    // Not by a shell, which would add PWD and others of its own.
    [
      '--role',
      'a=#!/usr/bin/env python3\nprint(open("/proc/self/environ").read().replace("\\0", "\\n"), end="")',
      '--role',
      'b_c=true',
      '--param',
      'colour=blue',
    ],
    {
      SECRET: 'of the agent',
      LD_LIBRARY_PATH: '/nowhere',
      TUTTI_TOKEN: 'hidden',
      PYTHONHOME: '',
      EDITOR: 'ed',
    },
  );
  expect(code).toBe(0);
  const text = await stdoutOf(cwd, report.tests[0], 'a.0');
  const pairs = text
    .trim()
    .split('\n')
    .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  const env: Record<string, string> = Object.fromEntries(pairs);
  expect(Object.keys(env).toSorted()).toEqual(
    // prettier-ignore
    [
      'PATH',
      'HOME',
      'USER',
      'SHELL',
      'LANG',
      'TZ',
      'TMPDIR',
      'PYTHONUNBUFFERED',
      'CI',
      'PYTHONPATH',
      'TUTTI_SOCKET',
      'TUTTI_RUN',
      'TUTTI_TEST',
      'TUTTI_ATTEMPT',
      'TUTTI_ROLE',
      'TUTTI_INDEX',
      'TUTTI_MEMBER',
      'TUTTI_NODE',
      'TUTTI_REBOOT_COUNT',
      'TUTTI_DEADLINE',
      'TUTTI_OUT',
      'TUTTI_TOPOLOGY',
      'TUTTI_PARAM_COLOUR',
      'TUTTI_ADDR_A',
      'TUTTI_ADDR_B_C',
    ].toSorted(),
  );
  expect(env).toMatchObject({
    TUTTI_MEMBER: 'a.0',
    TUTTI_NODE: 'n1',
    TUTTI_REBOOT_COUNT: '0',
    TUTTI_DEADLINE: '600',
  });
});

/** A gigabyte with FLOOD_MB=1000; by default as much as takes a few seconds. */
const FLOOD_MB = Number(process.env['FLOOD_MB'] ?? 200);

test(`a flood of ${FLOOD_MB} MB arrives whole, in bounded memory, and holds nobody up`, {
  timeout: 60_000 + FLOOD_MB * 200,
}, async () => {
  const cwd = await folder({});
  const run = await startTutti(
    [
      'run',
      '--local',
      '--timeout',
      '5m',
      '--role',
      `flood=tutti barrier begin; head -c ${FLOOD_MB}000000 /dev/zero | tr '\\0' 'x'; tutti set end 1`,
      // Round trips for as long as the flood takes; the slowest of them.
      '--role',
      `pulse=#!/usr/bin/env python3
import time, tutti
tutti.barrier('begin')
slowest = 0
while tutti.get('end') is None:
    began = time.monotonic()
    tutti.incr('beat')
    slowest = max(slowest, time.monotonic() - began)
print(tutti.get('beat'), slowest)
`,
    ],
    { cwd, input: '' },
  );
  let highest = 0;
  const watch = eventually(
    () => {
      for (const { commandLine, pid } of processesWith(run.tmp)) {
        if (/ (master|agent) --state/.test(commandLine)) highest = Math.max(highest, peakMb(pid));
      }
      return processesWith(run.tmp).length === 0;
    },
    { timeout: 280_000, every: 250 },
  );
  expect(await run.ended).toMatchObject({ code: 0 });
  await watch;
  const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
  const log = join(cwd, 'tutti-results/latest', member(only, 'flood.0').dir, 'stdout.log');
  expect((await lstat(log)).size).toBe(FLOOD_MB * 1_000_000);
  const [beats, slowest] = (await stdoutOf(cwd, only, 'pulse.0')).split(' ').map(Number);
  expect(beats).toBeGreaterThan(20);
  expect(slowest).toBeLessThan(2); // seconds; the machine is shared, and the bench measures it properly
  expect(highest).toBeGreaterThan(20);
  expect(highest).toBeLessThan(300); // MB
  expect(await leftovers(run, undefined, { within: 0 })).toEqual([]);
});

async function runLocal(cwd: string, args: string[], env: Record<string, string> = {}) {
  const run = await startTutti(['run', '--local', ...args], { cwd, env, input: '' });
  const { code, stderr } = await run.ended;
  return { code, stderr, run, report: readReport(join(cwd, 'tutti-results/latest')) };
}

/** The most memory the process has had, in MB. */
function peakMb(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has ended
  }
}
