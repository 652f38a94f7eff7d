/** A driver's script does things on the machines of its test, by what any language can say on the local socket. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RAW_DRIVE } from './support/raw-drive.ts';
import { readReport, reportMistakes } from './support/report.ts';
import { folder } from './support/results.ts';
import { tutti } from './support/tutti.ts';

interface Around {
  roles?: string[];
  files?: Record<string, string>;
}

/** Runs a driver with driven machines on this one; what it printed, and the report. */
async function driven(script: string, { roles = ['db:2'], files = {} }: Around = {}) {
  const cwd = await folder({ 'drive.mjs': RAW_DRIVE, 'driver.mjs': script, ...files });
  const named = roles.flatMap((role) => ['--role', role]);
  const sent = ['drive.mjs', ...Object.keys(files)].flatMap((file) => ['--file', file]);
  const outcome = await tutti(
    ['run', '--local', '--net', 'host', '--timeout', '60s', '--drive', 'driver.mjs', ...named, ...sent],
    { cwd },
  );
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  const log = (name: string, member = 'driver.0') =>
    readFile(join(cwd, 'tutti-results/latest/tests/01-driver/attempt-1', member, name), 'utf8');
  return { cwd, outcome, report, log };
}

const lines = (text: string) => text.trim().split('\n');

test('a command is started on a driven machine, and its end is told with its output', async () => {
  const { outcome, report, log } = await driven(`
    import { drive, run, text } from './drive.mjs';
    const [first, second] = await Promise.all([
      run('db.0', 'echo hello; echo oops >&2; exit 3', { name: 'greeting' }),
      run('db.1', ['printf', '%s|', 'a b', "c'd"]),
    ]);
    console.log(JSON.stringify([first.exit, text(first.stdout), text(first.stderr), first.number]));
    console.log(JSON.stringify([second.exit, text(second.stdout), second.number]));
    console.log((await drive('db.1', 'facts')).node);
  `);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(lines(await log('stdout.log'))).toEqual([
    '[{"how":"exited","code":3},"hello\\n","oops\\n",1]',
    `[{"how":"exited","code":0},"a b|c'd|",1]`,
    expect.stringMatching(/^n\d$/),
  ]);
  const [attempt] = report.tests[0]!.attempts;
  expect(attempt?.members).toMatchObject([
    { member: 'db.0', driven: true, status: 'PASS' },
    { member: 'db.1', driven: true, status: 'PASS' },
    { member: 'driver.0', status: 'PASS', exit: 0 },
  ]);
  expect(attempt?.members[0]).not.toHaveProperty('stopped');
  expect(attempt?.commands?.toSorted((a, b) => (a.member < b.member ? -1 : 1))).toMatchObject([
    { member: 'db.0', number: 1, name: 'greeting', exit: 3, by: 'driver.0' },
    { member: 'db.1', number: 1, command: `printf %s| 'a b' 'c'\\''d'`.replace('%s|', "'%s|'"), exit: 0 },
  ]);
  expect(await log('cmd-1/stdout.log', 'db.0')).toBe('hello\n');
  expect(await log('cmd-1/stderr.log', 'db.0')).toBe('oops\n');
});

test('commands are stopped and killed; what runs when the driver ends is ended with all that it started', async () => {
  const { outcome, report, log } = await driven(
    `
    import { writeFileSync } from 'node:fs';
    import { drive, text } from './drive.mjs';
    const start = (command) => drive('db.0', 'start', { command });
    const ended = ({ command }) => drive('db.0', 'ended', { command });
    const stopped = await start('trap "echo told; exit 0" TERM; echo ready; while :; do sleep 0.1; done');
    await drive('db.0', 'wait', { for: { is: 'log', command: stopped.command, pattern: '^ready$' } });
    await drive('db.0', 'stop', { command: stopped.command });
    const end = await ended(stopped);
    console.log(JSON.stringify([end.stopped, text(end.stdout)]));
    const killed = await start('sleep 1000');
    await drive('db.0', 'kill', { command: killed.command, signal: 'KILL' });
    console.log(JSON.stringify((await ended(killed)).exit));
    const left = await start('setsid sh -c "trap : TERM; echo $$ >alive; sleep 1000; sleep 1000" & wait');
    await drive('db.0', 'wait', { for: { is: 'file', path: 'alive' } });
    console.log(text((await ended(await start('cat alive'))).stdout).trim());
  `,
  );
  expect(outcome.code, outcome.stderr + (await log('stderr.log'))).toBe(0);
  const [stopped = '', killed = '', pid = ''] = lines(await log('stdout.log'));
  expect(JSON.parse(stopped)).toEqual(['cancelled', 'ready\ntold\n']);
  expect(JSON.parse(killed)).toMatchObject({ how: expect.stringMatching(/signalled|killed/) as string });
  expect(() => process.kill(Number(pid), 0)).toThrow(/ESRCH/);
  expect(report.tests[0]?.attempts[0]?.commands?.map(({ stopped: why }) => why)).toEqual([
    'cancelled',
    undefined,
    'test over',
    undefined,
  ]);
});

test('files and trees go to machines and come back, byte for byte', async () => {
  const BYTES = 3_000_000;
  const { outcome, log } = await driven(
    `
    import { createHash, randomBytes } from 'node:crypto';
    import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync, readlinkSync, statSync } from 'node:fs';
    import { drive, refusal, run, text } from './drive.mjs';
    const bytes = randomBytes(${BYTES});
    mkdirSync('tree/deep/empty', { recursive: true });
    writeFileSync('tree/deep/bytes', bytes);
    writeFileSync('tree/run.sh', '#!/bin/sh\\necho ran', { mode: 0o755 });
    symlinkSync('deep/bytes', 'tree/link');
    const here = process.cwd();
    console.log(JSON.stringify(await drive('db.0', 'put', { from: here + '/tree', path: 'there' })));
    console.log(text((await run('db.0', './there/run.sh && readlink there/link && ls there/deep')).stdout).trim().split('\\n').join(' '));
    await drive('db.0', 'get', { path: 'there', to: here + '/back' });
    console.log(readFileSync('back/deep/bytes').equals(bytes), readlinkSync('back/link'), statSync('back/run.sh').mode & 0o777);
    // To another machine, and one file to a place that is there.
    await drive('db.1', 'put', { from: here + '/tree/deep/bytes', path: 'one', mode: 0o600 });
    const digest = createHash('sha256').update(bytes).digest('hex');
    console.log(text((await run('db.1', 'sha256sum <one; stat -c %a one')).stdout).includes(digest));
    console.log(await refusal(drive('db.0', 'put', { from: here + '/nothing', path: 'x' })));
    console.log(await refusal(drive('db.0', 'get', { path: 'nothing', to: here + '/y' })));
  `,
  );
  expect(outcome.code, outcome.stderr + (await log('stderr.log'))).toBe(0);
  const [put = '', ran, back, same, noSource, noTarget] = lines(await log('stdout.log'));
  expect((JSON.parse(put) as { bytes: number }).bytes).toBeGreaterThanOrEqual(BYTES);
  expect(ran).toBe('ran deep/bytes bytes empty');
  expect(back).toBe('true deep/bytes 493');
  expect(same).toBe('true');
  expect(noSource).toMatch(/nothing/);
  expect(noTarget).toMatch(/nothing/);
});

test('a driver waits for ports, files and lines of logs, and is told what did not come', async () => {
  const { outcome, log } = await driven(`
    import { drive, refusal } from './drive.mjs';
    const wait = (on, awaited, timeout) => drive(on, 'wait', { for: awaited, ...(timeout ? { timeout } : {}) });
    const later = await drive('db.0', 'start', { command: 'sleep 0.3; echo "started 42"; touch sign; sleep 1000' });
    const found = await wait('db.0', { is: 'log', command: later.command, pattern: 'started \\\\d+' });
    console.log(found.line, found.waited > 0);
    await wait('db.0', { is: 'file', path: 'sign' });
    console.log(await refusal(wait('db.0', { is: 'port', port: 1 }, 0.2)));
    console.log(await refusal(wait('db.1', { is: 'file', path: '/never' }, 0.2)));
  `);
  expect(outcome.code, outcome.stderr + (await log('stderr.log'))).toBe(0);
  expect(lines(await log('stdout.log'))).toEqual([
    'started 42 true',
    expect.stringMatching(/^TIMED_OUT: db\.0 on n\d: nothing listened on localhost port 1 within 0\.2 s/),
    expect.stringMatching(/^TIMED_OUT: db\.1 on n\d: there was no \/never within 0\.2 s/),
  ]);
});

test('only members of its own test can be meant, and only by a driver', async () => {
  const { outcome, log } = await driven(
    `
    import { drive, refusal, run } from './drive.mjs';
    console.log(await refusal(run('bd.0', 'true')));
    console.log(await refusal(run('db.7', 'true')));
    console.log(await refusal(drive('db.0', 'ended', { command: '0'.repeat(32) })));
    console.log(await refusal(drive('driver.0', 'reboot')));
  `,
    {
      roles: ['db', 'client=./client.mjs'],
      files: {
        'client.mjs': `import { refusal, run } from './drive.mjs'; console.log(await refusal(run('db.0', 'true')));`,
      },
    },
  );
  expect(outcome.code, outcome.stderr + (await log('stderr.log'))).toBe(0);
  expect(lines(await log('stdout.log'))).toEqual([
    expect.stringMatching(/^\w+: .*the test has no .*bd\.0/),
    expect.stringMatching(/^\w+: .*the test has no .*db\.7.*did you mean "?db\.0"?\?/),
    expect.stringMatching(/^NO_SUCH_COMMAND: /),
    expect.stringMatching(/^CANNOT_REBOOT: .*the driver itself stands on it/),
  ]);
  expect(await log('stdout.log', 'client.0')).toMatch(/^NOT_A_DRIVER: client\.0 is no driver/);
});

test('a test says who drives it, and where; a driver without a machine of its own needs none', async () => {
  const cwd = await folder({
    'drive.mjs': RAW_DRIVE,
    'story.mjs': `import { run, text } from './drive.mjs';
      console.log(text((await run('db.0', 'echo $TUTTI_MEMBER on $TUTTI_NODE')).stdout).trim(), process.env.TUTTI_NODE, process.env.TUTTI_PARAM_SIZE);`,
    'suite.yaml': `
params: { size: 7 }
roles: { db: { count: 2 } }
tests:
  - { name: beside, drive: story.mjs }
  - { name: upon, drive: { file: ./story.mjs, on: db } }
  - { name: both, drive: { file: story.mjs, on: db }, roles: { db: , client: 'tutti barrier x --count 1' } }
`,
  });
  const outcome = await tutti(['run', '--local', '--net', 'host', 'suite.yaml'], { cwd });
  expect(outcome.code, outcome.stderr).toBe(0);
  const report = readReport(join(cwd, 'tutti-results/latest'));
  const output = async (place: string) =>
    (
      await readFile(join(cwd, `tutti-results/latest/tests/${place}/attempt-1/driver.0/stdout.log`), 'utf8')
    ).trim();
  const nodes = report.tests.map(({ attempts }) =>
    Object.fromEntries(attempts[0]!.members.map(({ member, node }) => [member, node])),
  );
  expect(new Set(Object.values(nodes[0]!)).size).toBe(3);
  expect(nodes[1]!['driver.0']).toBe(nodes[1]!['db.0']);
  expect(await output('01-beside')).toBe(`db.0 on ${nodes[0]!['db.0']} ${nodes[0]!['driver.0']} 7`);
  expect(await output('02-upon')).toBe(`db.0 on ${nodes[1]!['db.0']} ${nodes[1]!['db.0']} 7`);
});

test('logs of commands are among those of the run, under names of their own', async () => {
  const { cwd, outcome } = await driven(`
    import { run } from './drive.mjs';
    await run('db.0', 'echo one');
    await run('db.0', 'echo two; echo bad >&2');
  `);
  expect(outcome.code, outcome.stderr).toBe(0);
  const html = await readFile(join(cwd, 'tutti-results/latest/report.html'), 'utf8');
  expect(html).toContain('Commands on db.0');
  expect(html).toContain('cmd-2/stderr.log');
});
