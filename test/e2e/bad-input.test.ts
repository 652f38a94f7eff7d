/** What people and machines get wrong: each is answered by a sentence, a code that is documented, and an exit status. */
import { readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { agentsOf, nodesOf, stateOf } from './support/pool.ts';
import { folder, member, stderrOf, stdoutOf } from './support/results.ts';
import { mountSmall } from './support/small-disk.ts';
import {
  eventually,
  readReport,
  reportMistakes,
  repository,
  startAgent,
  startMaster,
  temporaryDirectory,
  tutti,
} from './support/tutti.ts';

const SUITES: Record<string, { files: Record<string, string>; code: string; says: string }> = {
  'an unknown key': {
    files: { 'suite.yaml': 'suite: x\ntimout: 3s\ntests:\n  - name: a\n    roles: { s: "true" }\n' },
    code: 'SUITE_INVALID',
    says: 'suite.yaml:2:1: unknown key "timout"\n    2 | timout: 3s\n      | ^^^^^^\ndid you mean "timeout"?',
  },
  'a wrong type': {
    files: { 'suite.yaml': 'tests:\n  - name: a\n    roles:\n      s: { count: two, run: "true" }\n' },
    code: 'SUITE_INVALID',
    says:
      'suite.yaml:4:19: "count" in role "s" of test "a" must be a number, not text\n' +
      '    4 |       s: { count: two, run: "true" }\n      |                   ^^^',
  },
  'no YAML': {
    files: { 'suite.yaml': 'tests: [\n' },
    code: 'SUITE_INVALID',
    says: 'suite.yaml:1:9: not valid YAML: ',
  },
  'a role that no test uses': {
    files: {
      'suite.yaml': 'roles:\n  s: "true"\n  idle: "true"\ntests:\n  - name: a\n    roles: { s: ~ }\n',
    },
    code: 'UNUSED_ROLE',
    says: 'suite.yaml:3:3: no test uses role "idle"\n    3 |   idle: "true"\n      |   ^^^^',
  },
  'a missing script': {
    files: {
      'suite.yaml': 'tests:\n  - name: a\n    roles:\n      s: ./serve.sh\n',
      'server.sh': '#!/bin/sh\n',
    },
    code: 'SCRIPT_MISSING',
    says: 'suite.yaml:4:10: the script ./serve.sh does not exist\n    4 |       s: ./serve.sh\n      |          ^^^^^^^^^^\ndid you mean "./server.sh"?',
  },
  'a script without execute bit or interpreter': {
    files: {
      'suite.yaml': 'tests:\n  - name: a\n    roles:\n      s: ./serve.sh\n',
      'serve.sh': 'echo hi\n',
    },
    code: 'SCRIPT_NOT_RUNNABLE',
    says: 'suite.yaml:4:10: the script ./serve.sh cannot be run: it has neither a first line "#!…" with an execute bit (chmod +x ./serve.sh)',
  },
};

test('mistakes in a suite are shown at their place, before any machine is started', async () => {
  for (const { files, code, says } of Object.values(SUITES)) {
    const cwd = await folder(files);
    const outcome = await tutti(['run', '--local', 'suite.yaml'], { cwd });
    expect(outcome).toMatchObject({ code: 64, stdout: '' });
    expect(outcome.stderr).toContain(`tutti: ${says}`);
    expect(outcome.stderr).toContain(`(${code})\n`);
    expectDocumented(code);
    expect(await readdir(cwd)).not.toContain('tutti-results');
  }
});

const COMMAND_LINES: [args: string[], says: string, code: string, exit?: number][] = [
  [['run', '--local'], 'nothing to run: give a suite file, or --role NAME=SCRIPT', 'USAGE'],
  [['run', '--local', 'none.yaml'], 'suite file none.yaml: there is no such file', 'USAGE'],
  [
    ['run', '--local', '--role', 'a=true', '--role', 'a=true'],
    '--role a is given twice; for several machines write --role a:2=…',
    'USAGE',
  ],
  [
    ['run', '--local', '--role', 'a'],
    '--role a: no "="; write --role NAME=SCRIPT or --role NAME:COUNT=SCRIPT',
    'USAGE',
  ],
  [
    ['run', '--local', '--role', 'a:0=true'],
    '--role a:0=true: the count must be a whole number of at least 1',
    'USAGE',
  ],
  [['run', '--local', '--role', 'A=true'], '--role A=true: "A" is not a role\'s name', 'USAGE'],
  [['run', '--local', '--role', 'a=./none'], '--role a: the script ./none does not exist', 'SCRIPT_MISSING'],
  [
    ['run', '--local', '--role', 'a=./plain'],
    '--role a: the script ./plain cannot be run',
    'SCRIPT_NOT_RUNNABLE',
  ],
  [['run', '--local', '--role', 'a=../x'], '--role a: ../x is outside ', 'PATH_ESCAPES'],
  [['run', '--local', '--role', 'a=true', '--file', 'none'], '--file none: there is no such file', 'USAGE'],
  [
    ['run', '--local', '--role', 'a=true', '--file', '/etc/passwd'],
    '--file: /etc/passwd is outside ',
    'PATH_ESCAPES',
  ],
  [
    ['run', '--local', '--role', 'a=true', '--net', 'bridge'],
    '--net takes auto, namespaces or host, not "bridge"',
    'USAGE',
  ],
  [['run', '--local', '--role', 'a=true', '--param', 'x'], '--param takes KEY=VALUE, not "x"', 'USAGE'],
  [['run', '--local', '--role', 'a=true', '--param', 'X=1'], '--param X: use a lower-case letter', 'USAGE'],
  [['run', '--local', '--role', 'a=true', '--timeout', 'soon'], '"soon" is not a duration', 'USAGE'],
  [
    ['run', '--local', 'good.yaml', '--role', 'a=true'],
    'give either a suite file or --role, not both',
    'USAGE',
  ],
  [['run', '--local', 'good.yaml', '--only', 'z*'], '--only "z*" matches no test; the suite has: a', 'USAGE'],
  [
    ['run', '--local', 'good.yaml', '--param', 'sise=1'],
    '--param sise: no such parameter; the suite declares: size; did you mean "size"?',
    'USAGE',
  ],
  [['run', '--role', 'a=true'], 'no master was named, and none is alive in ', 'NO_MASTER'],
  [['nodes', '--master', 'ws://127.0.0.1:1'], 'no master answers at ws://127.0.0.1:1: ', 'NO_MASTER'],
  [
    ['agent', '--name', 'a b', '--master', 'ws://127.0.0.1:1'],
    '--name a b: use letters, digits, dots, dashes and underscores',
    'USAGE',
  ],
  [['master', '--listen', 'nonsense'], '"nonsense" is neither HOST:PORT nor unix:PATH', 'BAD_ADDRESS'],
  [
    ['master', '--listen', '0.0.0.0:0'],
    '0.0.0.0:0 is reachable from other machines, and this version has no TLS',
    'UNSAFE_LISTEN',
    2,
  ],
  [['runn'], "unknown command 'runn'\n(Did you mean one of run, runs?)", 'USAGE'],
  [['run', '--loca'], "unknown option '--loca'\n(Did you mean --local?)", 'USAGE'],
]; // prettier-ignore

test('mistakes on the command line are named, and nothing is done', { timeout: 120_000 }, async () => {
  const cwd = await folder({
    'good.yaml': 'params: { size: 1 }\ntests:\n  - name: a\n    roles: { s: "true" }\n',
    plain: 'echo hi\n',
  });
  const check = async ([args, says, code, exit = 64]: (typeof COMMAND_LINES)[number]) => {
    const outcome = await tutti(args, { cwd });
    expect({ args, ...outcome }).toMatchObject({ args, code: exit, stdout: '' });
    expect(outcome.stderr).toContain(`tutti: ${says}`);
    expect(outcome.stderr).toMatch(new RegExp(`\\(${code}\\)\\n$`));
    expectDocumented(code);
  };
  const left = [...COMMAND_LINES];
  const some = async () => {
    for (let line = left.shift(); line; line = left.shift()) await check(line);
  };
  await Promise.all([some(), some(), some()]);
  expect((await readdir(cwd)).toSorted()).toEqual(['good.yaml', 'plain']);
});

test('a state directory that cannot be written, or is in use, and a port that is taken, stop a daemon at once', async () => {
  const file = join(await temporaryDirectory(), 'file');
  await writeFile(file, '');
  const token = { TUTTI_TOKEN: 'x' };
  for (const dir of [`${file}/state`, '/proc/tutti']) {
    const master = await tutti(['master', '--state', dir, '--listen', '127.0.0.1:0']);
    expect(master).toMatchObject({ code: 2, stdout: '' });
    expect(master.stderr).toContain(`tutti: the master's state directory ${dir} cannot be used: `);
    expect(master.stderr).toContain(
      'Give another one with --state DIR, or correct its owner and mode. (STATE_NOT_WRITABLE)',
    );
    const agent = await tutti(['agent', '--state', dir, '--master', 'ws://127.0.0.1:1', '--name', 'n'], {
      env: token,
    });
    expect(agent).toMatchObject({ code: 2, stdout: '' });
    expect(agent.stderr).toContain(`tutti: the agent's state directory ${dir} cannot be used: `);
    const run = await tutti(['run', '--local', '--net', 'host', '--report', dir, '--role', 'a=true']);
    expect(run).toMatchObject({ code: 64, stdout: '' });
    expect(run.stderr).toContain(`tutti: results cannot be written to ${dir}: `);
    expect(run.stderr).toContain('name another place with --report');
  }

  const taken = createServer();
  onTestFinished(() => void taken.close());
  await new Promise<void>((resolve) => {
    taken.listen(0, '127.0.0.1', resolve);
  });
  const { port } = taken.address() as { port: number };
  const second = await tutti([
    'master',
    '--state',
    await temporaryDirectory(),
    '--listen',
    `127.0.0.1:${port}`,
  ]);
  expect(second).toMatchObject({ code: 2, stdout: '' });
  expect(second.stderr).toContain(
    `tutti: 127.0.0.1:${port} is in use by another process\n` +
      'Stop the other process, or listen elsewhere with --listen HOST:PORT (port 0 picks a free one). (ADDRESS_IN_USE)',
  );

  const { state, process } = await startMaster();
  const third = await tutti(['master', '--state', state, '--listen', '127.0.0.1:0']);
  expect(third).toMatchObject({ code: 2, stdout: '' });
  expect(third.stderr).toContain(`tutti: ${state} is used by the master with pid ${process.pid}\n`);
  expect(third.stderr).toContain('(STATE_IN_USE)');
});

test.skipIf(process.getuid?.() !== 0)(
  'a full disk while files are staged is an error that names the disk, not a hang',
  { timeout: 90_000 },
  async () => {
    const cwd = await folder({ 'a.sh': '#!/bin/sh\ntrue\n' });
    await writeFile(join(cwd, 'large'), Buffer.alloc(6_000_000, 'large'));
    const args = ['run', '--role', 'a=./a.sh', '--file', 'large'];

    const master = await startMaster();
    const state = await mountSmall('4m');
    await startAgent(master, { name: 'small', state });
    const run = await tutti(args, { cwd, env: master.env });
    expect(run).toMatchObject({ code: 2 });
    const report = readReport(join(cwd, 'tutti-results/latest'));
    expect(reportMistakes(report)).toEqual([]);
    const [only] = report.tests;
    expect(only).toMatchObject({ status: 'ERROR' });
    expect(only?.cause).toMatch(
      new RegExp(
        `^a\\.0 on small could not be staged: ${state}/blobs/.* cannot be written: no space is left on the disk$`,
      ),
    );
    expect(await stateOf(master, 'small')).toBe('idle');
    expect(await tutti(['run', '--role', 'a=true'], { cwd, env: master.env })).toMatchObject({ code: 0 });

    const nearlyFull = await startMaster({ state: await mountSmall('4m') });
    await agentsOf(nearlyFull, 1);
    const turnedAway = await tutti(['run', '--role', 'a=true'], { cwd, env: nearlyFull.env });
    expect(turnedAway).toMatchObject({ code: 2 });
    expect(turnedAway.stderr).toMatch(
      / has \d MiB left, and the master takes new runs only above 1024 MiB\n/,
    );

    const small = await startMaster({ state: await mountSmall('4m'), args: ['--min-free', '0'] });
    await agentsOf(small, 1);
    const refused = await tutti(args, { cwd, env: small.env });
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toMatch(
      new RegExp(
        `tutti: ${small.state}/blobs/.* cannot be written: no space is left on the disk\n.*\\(DISK_FULL\\)`,
      ),
    );
    expectDocumented('DISK_FULL');
    expect(await tutti(['run', '--role', 'a=true'], { cwd, env: small.env })).toMatchObject({ code: 0 });
  },
);

const MISTAKES_IN_SCRIPTS = {
  'shell.sh': `#!/bin/sh
try() { "$@"; echo "=> $?"; }
try tutti barrier x --count 0
try tutti barrier x --count -1
try tutti barrier x --count 99
try tutti barrier x --count 1.5
try tutti barrier x --roles nobody
try tutti barrier x --members a.7
try tutti barrier "$(printf '%0129d' 1)"
try tutti barrier ''
try tutti set "$(printf '%0129d' 1)" 1
try tutti set "$(printf 'a\\nb')" 1
try tutti set key "$(head -c 20000 /dev/zero | tr '\\0' x)"
try tutti set word abc
try tutti incr word
try tutti barrier x --data nonsense
try tutti bariers x
try tutti result x great
`,
  'python.py': `import tutti
def attempt(what, *args, **more):
    try:
        print('ok', what(*args, **more))
    except tutti.Error as error:
        print(error)
attempt(tutti.barrier, 'y', count=0)
attempt(tutti.barrier, 'y', count=-1)
attempt(tutti.barrier, 'y', count=99)
attempt(tutti.barrier, 'y', count='two')
attempt(tutti.barrier, 'y' * 129)
attempt(tutti.set, 'k' * 129, 1)
attempt(tutti.set, '', 1)
attempt(tutti.set, 'big', 'x' * (256 * 1024 - 1))
attempt(tutti.set, 'big', 'x' * (256 * 1024 - 2))
attempt(tutti.barrier, 'y', count=1, data='x' * (16 * 1024 - 1))
attempt(tutti.set, 'huge', 'x' * (2 * 1024 * 1024))
`,
  'typescript.ts': `import { barrier, incr, set } from 'tutti';
async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    console.log('ok', JSON.stringify(await work()));
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    console.log(code + ': ' + message);
  }
}
await attempt(() => barrier('z', { count: 0 }));
await attempt(() => barrier('z', { count: -1 }));
await attempt(() => barrier('z', { count: 99 }));
await attempt(() => barrier('z', { count: NaN }));
await attempt(() => barrier('z'.repeat(129)));
await attempt(() => set('k'.repeat(129), 1));
await attempt(() => set('big', 'x'.repeat(256 * 1024 - 1)));
await attempt(() => set('big', 'x'.repeat(256 * 1024 - 2)));
await attempt(() => incr('big'));
`,
};

test('scripts that ask for impossible barriers and keys are told so, in each language', async () => {
  const cwd = await folder({
    ...MISTAKES_IN_SCRIPTS,
    'suite.yaml': `
      tests:
        - name: mistakes
          roles: { a: ./shell.sh, b: ./python.py, c: ./typescript.ts }`,
  });
  const outcome = await tutti(['run', '--local', '--net', 'host', 'suite.yaml'], { cwd });
  const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
  expect(outcome, await stderrOf(cwd, only, 'c.0')).toMatchObject({ code: 0 });
  const statuses = (await stdoutOf(cwd, only, 'a.0')).split('\n').filter((line) => line !== '');
  const complaints = (await stderrOf(cwd, only, 'a.0'))
    .split('\n')
    .filter((line) => line.startsWith('tutti: '));
  expect({ statuses, complaints }).toMatchInlineSnapshot(`
    {
      "complaints": [
        "tutti: BAD_PARTICIPANTS: barrier "x": count 0: at least one member has to take part",
        "tutti: BAD_PARTICIPANTS: barrier "x": count -1: at least one member has to take part",
        "tutti: BAD_PARTICIPANTS: barrier "x": count 99: the test has only 3 members",
        "tutti: USAGE: --count: "1.5" is not a whole number",
        "tutti: BAD_PARTICIPANTS: the test has no role "nobody"; its roles are a, b, c",
        "tutti: BAD_PARTICIPANTS: no member "a.7"; the test has a.0, b.0, c.0",
        "tutti: BAD_PARAMS: barrier: name: a name has at most 128 characters",
        "tutti: BAD_PARAMS: barrier: name: a name must not be empty",
        "tutti: BAD_PARAMS: set: key: a name has at most 128 characters",
        "tutti: BAD_PARAMS: set: key: control characters are not allowed in a name",
        "tutti: NOT_A_NUMBER: key "word" holds "abc", not a whole number",
        "tutti: USAGE: barrier: --data: "nonsense" is not JSON (for plain text there is --data-raw)",
        "tutti: USAGE: no verb "bariers" inside a test: did you mean barrier?",
        "tutti: USAGE: result: "great" is none of pass, warn, fail, skip, error",
      ],
      "statuses": [
        "=> 1",
        "=> 1",
        "=> 1",
        "=> 64",
        "=> 1",
        "=> 1",
        "=> 64",
        "=> 64",
        "=> 64",
        "=> 64",
        "=> 0",
        "=> 0",
        "=> 1",
        "=> 64",
        "=> 64",
        "=> 64",
      ],
    }
  `);
  expect((await stdoutOf(cwd, only, 'b.0')).split('\n')).toMatchInlineSnapshot(`
    [
      "BAD_PARTICIPANTS: barrier "y": count 0: at least one member has to take part",
      "BAD_PARTICIPANTS: barrier "y": count -1: at least one member has to take part",
      "BAD_PARTICIPANTS: barrier "y": count 99: the test has only 3 members",
      "BAD_PARAMS: barrier: count: must be a number",
      "BAD_PARAMS: barrier: name: a name has at most 128 characters",
      "BAD_PARAMS: set: key: a name has at most 128 characters",
      "BAD_PARAMS: set: key: a name must not be empty",
      "VALUE_TOO_LARGE: the value of key "big" has 262145 bytes, where 262144 are allowed",
      "ok None",
      "VALUE_TOO_LARGE: barrier "y": b.0 brings 16385 bytes of data, where 16384 are allowed",
      "VALUE_TOO_LARGE: set "huge": more than 1 MiB; put the data into a file in $TUTTI_OUT and pass its name",
      "",
    ]
  `);
  expect((await stdoutOf(cwd, only, 'c.0')).split('\n')).toMatchInlineSnapshot(`
    [
      "BAD_PARTICIPANTS: barrier "z": count 0: at least one member has to take part",
      "BAD_PARTICIPANTS: barrier "z": count -1: at least one member has to take part",
      "BAD_PARTICIPANTS: barrier "z": count 99: the test has only 3 members",
      "BAD_PARAMS: barrier "z": NaN cannot be sent as JSON",
      "BAD_PARAMS: barrier: name: a name has at most 128 characters",
      "BAD_PARAMS: set: key: a name has at most 128 characters",
      "VALUE_TOO_LARGE: the value of key "big" has 262145 bytes, where 262144 are allowed",
      "ok undefined",
      "NOT_A_NUMBER: key "big" holds "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…, not a whole number",
      "",
    ]
  `);
  expect(member(only, 'a.0').status).toBe('PASS');
});

test('peers that send garbage, or a frame of 100 MiB, or nothing, harm themselves alone', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const token = readFileSync(master.tokenFile, 'utf8').trim();
  const peer = async (endpoint: string, talk: (ws: WebSocket) => void) => {
    const ws = new WebSocket(`${master.url}/${endpoint}`, 'tutti.1', {
      headers: { authorization: `Bearer ${token}` },
    });
    ws.on('error', () => {});
    const closed = new Promise<void>((resolve) => {
      ws.once('close', () => resolve());
    });
    ws.once('open', () => talk(ws));
    onTestFinished(() => ws.terminate());
    await closed;
  };
  const noise = Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 7919) % 256));
  const large = Buffer.alloc(100 * 1024 * 1024);
  for (const endpoint of ['agent', 'client']) {
    await peer(endpoint, (ws) => ws.send(noise));
    await peer(endpoint, (ws) => ws.send(Buffer.from([0x94, 0x00, 0x01]))); // a call, cut off
    await peer(endpoint, (ws) => ws.send('text'));
    await peer(endpoint, (ws) => ws.send(large));
    await peer(endpoint, (ws) => ws.send(Buffer.from([0x94, 0x00, 0x01, 0xa3, 0x66, 0x6f, 0x6f, 0x80]))); // before hello
  }
  const before = performance.now();
  const outcome = await tutti(['run', '--role', 'a=echo fine'], { env: master.env });
  expect(outcome).toMatchObject({ code: 0 });
  expect(performance.now() - before).toBeLessThan(20_000);
  expect(await nodesOf(master)).toMatchObject([{ name: 'n1', state: 'idle' }]);
  await eventually(() => !master.process.stderr.includes('a defect'));
});

/** docs/errors.md has a line about it. */
function expectDocumented(code: string): void {
  expect(readFileSync(join(repository, 'docs/errors.md'), 'utf8')).toContain(code);
}
