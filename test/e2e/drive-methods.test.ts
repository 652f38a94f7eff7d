/** Every method of a driver, with its failure, and what people do wrong; in TypeScript and Python, on machines of this one. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { driven, lines } from './support/drivers.ts';
import { folder } from './support/results.ts';
import { mountSmall } from './support/small-disk.ts';
import { tutti } from './support/tutti.ts';

const isRoot = process.getuid?.() === 0;
const hasPython = spawnSync('python3', ['-c', 'pass']).status === 0;
const LANGUAGES = hasPython ? (['ts', 'py'] as const) : (['ts'] as const);

describe.each(LANGUAGES)('a driver in .%s', (ending) => {
  const tell = (story: Record<'ts' | 'py', string>, options?: Parameters<typeof driven>[2]) => {
    const prelude = {
      ts: `import { expect, node, roles, step, test, until } from 'tutti';
const said = async (work: Promise<unknown>) => work.then(() => console.log('nothing failed'), (error) => console.log(error.code + ': ' + error.message));
`,
      py: `import re, tutti
from tutti import node, roles, step, until
def said(work):
    try:
        work()
        print('nothing failed')
    except tutti.Error as error: print(error)
`,
    };
    return driven(`driver.${ending}`, prelude[ending] + story[ending], options);
  };

  test('runs commands, and sees how they end', async () => {
    const story = {
      ts: `
test('run', async () => {
  const out = await roles.client.run('echo "$A $PWD"; echo err >&2', { env: { A: 'a' }, cwd: '/tmp' });
  console.log(out.stdout.trim(), out.stderr.trim(), out.exit, out.ok);
  console.log((await roles.client.run(['printf', '%s.', 'a b', '$HOME'])).stdout);
  console.log((await roles.client.fails('exit 7')).exit, (await roles.client.run('kill -9 $$', { check: false })).signal);
  await said(roles.client.run('exit 3'));
  await said(roles.client.fails('true'));
  await said(roles.client.run('sleep 100', { timeout: '300ms' }));
  await said(roles.client.run('true', { cwd: '/nowhere' }));
});`,
      py: `
@tutti.test
def run():
    out = roles.client.run('echo "$A $PWD"; echo err >&2', env={'A': 'a'}, cwd='/tmp')
    print(out.stdout.strip(), out.stderr.strip(), out.exit, str(out.ok).lower())
    print(roles.client.run(['printf', '%s.', 'a b', '$HOME']).stdout)
    print(roles.client.fails('exit 7').exit, roles.client.run('kill -9 $$', check=False).signal)
    said(lambda: roles.client.run('exit 3'))
    said(lambda: roles.client.fails('true'))
    said(lambda: roles.client.run('sleep 100', timeout='300ms'))
    said(lambda: roles.client.run('true', cwd='/nowhere'))`,
    };
    const { outcome, stdout, stderr } = await tell(story);
    expect(stderr).toBe('');
    expect(outcome.code).toBe(0);
    expect(lines(stdout)).toEqual([
      'a /tmp err 0 true',
      'a b.$HOME.',
      '7 SIGKILL',
      expect.stringMatching(/^COMMAND_FAILED: "exit 3" on client\.0 \(n\d\) exited with status 3$/),
      expect.stringMatching(
        /^COMMAND_FAILED: "true" on client\.0 \(n\d\) was to fail, and exited with status 0$/,
      ),
      expect.stringMatching(
        /^COMMAND_FAILED: "sleep 100" on client\.0 \(n\d\) was still running after [\d.]+ s, and was stopped$/,
      ),
      expect.stringMatching(/^COMMAND_FAILED: "true" on client\.0 \(n\d\) .*\/nowhere/),
    ]);
  });

  test('starts, signals and stops processes, and waits for what they do', async () => {
    const story = {
      ts: `
test('processes', async () => {
  const [db] = roles.db;
  const server = await db.start('server', 'trap "echo told" HUP; echo ready at $$; while :; do sleep 0.1; done');
  console.log((await server.waitForLog(/^READY at \\d+$/i)).replace(/\\d+/, 'N'));
  await db.kill('server', 'SIGHUP');
  console.log(await db.waitForLog(server, 'told'));
  console.log((await db.stop('server')).ok);
  await said(server.waitForLog('never', { timeout: '5s' }));
  await said(db.stop('server'));
  const quick = await db.start('quick', 'exit 4');
  console.log((await quick.ended()).exit);
});`,
      py: `
@tutti.test
def processes():
    db = roles.db[0]
    server = db.start('server', 'trap "echo told" HUP; echo ready at $$; while :; do sleep 0.1; done')
    print(re.sub(r'\\d+', 'N', server.wait_for_log(re.compile(r'^READY at \\d+$', re.I))))
    db.kill('server', 'SIGHUP')
    print(db.wait_for_log(server, 'told'))
    print(str(db.stop('server').ok).lower())
    said(lambda: server.wait_for_log('never', timeout='5s'))
    said(lambda: db.stop('server'))
    quick = db.start('quick', 'exit 4')
    print(quick.ended().exit)`,
    };
    const { stdout, stderr } = await tell(story);
    expect(stderr).toBe('');
    expect(lines(stdout)).toEqual([
      'ready at N',
      'told',
      'false',
      expect.stringMatching(/^WAIT_BROKEN: .*server.* has ended.*never/),
      expect.stringMatching(/^NO_SUCH_COMMAND: no process "server" was started on db\.0/),
      '4',
    ]);
  });

  test('puts and gets files, contents and trees', async () => {
    const story = {
      ts: `
import { readFileSync } from 'node:fs';
test('files', async () => {
  const { client } = roles;
  await client.put('tree', 'there');
  console.log((await client.run('there/run.sh')).stdout.trim());
  await client.put({ content: Buffer.from([0, 255, 10]) }, 'bytes', { mode: 0o600 });
  console.log((await client.run("stat -c '%a %s' bytes")).stdout.trim());
  console.log([...(await client.get('bytes'))].join());
  await client.get('there', 'back');
  console.log(readFileSync('back/deep/text', 'utf8').trim());
  await said(client.put('nothing', 'x'));
  await said(client.get('nothing'));
  await said(client.get('there'));
});`,
      py: `
@tutti.test
def files():
    client = roles.client
    client.put('tree', 'there')
    print(client.run('there/run.sh').stdout.strip())
    client.put(tutti.Content(bytes([0, 255, 10])), 'bytes', mode=0o600)
    print(client.run("stat -c '%a %s' bytes").stdout.strip())
    print(','.join(str(byte) for byte in client.get('bytes')))
    client.get('there', 'back')
    print(open('back/deep/text').read().strip())
    said(lambda: client.put('nothing', 'x'))
    said(lambda: client.get('nothing'))
    said(lambda: client.get('there'))`,
    };
    const files = { 'tree/run.sh': '#!/bin/sh\necho ran\n', 'tree/deep/text': 'deep\n' };
    const { stdout, stderr } = await tell(story, { files });
    expect(stderr).toBe('');
    expect(lines(stdout)).toEqual([
      'ran',
      '600 3',
      '0,255,10',
      'deep',
      expect.stringMatching(
        /^NO_SUCH_FILE: put nothing to client\.0 \(n\d\): there is no \/.*\/nothing on the driver's machine$/,
      ),
      expect.stringMatching(/^NO_SUCH_FILE: there is no .*nothing on n\d$/),
      expect.stringMatching(
        /^BAD_PARAMS: get there from client\.0 \(n\d\): it is a directory; say where to put it$/,
      ),
    ]);
  });

  test('waits for ports, files, logs and units, and is told what did not come', async () => {
    const story = {
      ts: `
test('waits', async () => {
  const { client } = roles;
  const server = await client.start('server', 'python3 -u -m http.server 0 --bind 127.0.0.1');
  const port = Number(/port (\\d+)/.exec(await server.waitForLog(/port \\d+/))?.[1]);
  await client.waitForPort(port, { timeout: '10s' });
  await client.start('later', 'sleep 0.3; echo one >log; echo "two words" >>log');
  await client.waitForFile('log');
  console.log(await client.waitForLog('log', 'two words'));
  await said(client.waitForPort(1, { timeout: '200ms' }));
  await said(client.waitForFile('never', { timeout: '200ms' }));
  await said(client.waitForLog('log', /three/, { timeout: '200ms' }));
  await said(client.waitForUnit('tutti-nothing.service', { timeout: '200ms' }));
});`,
      py: `
@tutti.test
def waits():
    client = roles.client
    server = client.start('server', 'python3 -u -m http.server 0 --bind 127.0.0.1')
    port = int(re.search(r'port (\\d+)', server.wait_for_log(re.compile(r'port \\d+'))).group(1))
    client.wait_for_port(port, timeout='10s')
    client.start('later', 'sleep 0.3; echo one >log; echo "two words" >>log')
    client.wait_for_file('log')
    print(client.wait_for_log('log', 'two words'))
    said(lambda: client.wait_for_port(1, timeout='200ms'))
    said(lambda: client.wait_for_file('never', timeout='200ms'))
    said(lambda: client.wait_for_log('log', re.compile('three'), timeout='200ms'))
    said(lambda: client.wait_for_unit('tutti-nothing.service', timeout='200ms'))`,
    };
    const { stdout, stderr } = await tell(story);
    expect(stderr).toBe('');
    expect(lines(stdout)).toEqual([
      'two words',
      expect.stringMatching(/^TIMED_OUT: .*port 1\b/),
      expect.stringMatching(/^TIMED_OUT: .*never/),
      expect.stringMatching(/^TIMED_OUT: .*log.*three/),
      expect.stringMatching(/^(NO_SYSTEMD|TIMED_OUT|WAIT_BROKEN): .*tutti-nothing\.service/),
    ]);
  });

  test('repeats, goes to all at once, asks for facts, and is refused a reboot that cannot be', async () => {
    const story = {
      ts: `
test('others', async () => {
  const { client, db } = roles;
  await client.start('later', 'sleep 0.5; echo yes >flag');
  console.log((await client.until('cat flag', { every: '50ms' })).stdout.trim());
  await said(client.until('test -e nothing', { every: '50ms', timeout: '300ms' }));
  console.log((await db.each((one) => one.run('echo $TUTTI_MEMBER'))).map((out) => out.stdout.trim()).join());
  await db.each((one) => one.run('test $TUTTI_INDEX = 0')).catch((error) => console.log(error.message));
  console.log(Object.keys(await client.facts()).toSorted().join());
  await said(client.reboot());
});`,
      py: `
@tutti.test
def others():
    client, db = roles.client, roles.db
    client.start('later', 'sleep 0.5; echo yes >flag')
    print(client.until('cat flag', every='50ms').stdout.strip())
    said(lambda: client.until('test -e nothing', every='50ms', timeout='300ms'))
    print(','.join(out.stdout.strip() for out in db.each(lambda one: one.run('echo $TUTTI_MEMBER'))))
    try: db.each(lambda one: one.run('test $TUTTI_INDEX = 0'))
    except Exception as error: print(error)
    print(','.join(sorted(client.facts())))
    said(client.reboot)`,
    };
    const { stdout, stderr } = await tell(story);
    expect(stderr).toBe('');
    expect(lines(stdout)).toEqual([
      'yes',
      expect.stringMatching(
        /^TIMED_OUT: until "test -e nothing" on client\.0 \(n\d\): did not hold within 0\.3 s, tried .*exited with status 1$/,
      ),
      'db.0,db.1',
      expect.stringMatching(/^on 1 of 2 machines of db: "test .*" on db\.1 \(n\d\) exited with status 1$/),
      'addresses,boot,facts,labels,node',
      expect.stringMatching(/^CANNOT_REBOOT: /),
    ]);
  });

  test('a role that is not there is told with the nearest name', async () => {
    const story = {
      ts: `test('typo', () => roles.cleint.run('true'));`,
      py: `
@tutti.test
def typo(): roles.cleint.run('true')`,
    };
    const { outcome, report, last } = await tell(story);
    expect(outcome.code).toBe(1);
    expect(last).toMatch(
      /^typo: the test has no role "cleint"; did you mean "client"\? \(driver\.(ts|py):\d+\)$/,
    );
    expect(report.cause).toContain('did you mean \\"client\\"?');
  });

  test('what a driver leaves running is ended with it', async () => {
    const story = {
      ts: `
test('leaks', async () => {
  await roles.client.start('leak', 'trap "" TERM; setsid sh -c "trap : TERM; echo $$ >pid; sleep 1000; sleep 1000"');
  await roles.client.waitForFile('pid');
});`,
      py: `
@tutti.test
def leaks():
    roles.client.start('leak', 'trap "" TERM; setsid sh -c "trap : TERM; echo $$ >pid; sleep 1000; sleep 1000"')
    roles.client.wait_for_file('pid')`,
    };
    // `driven` itself sees that no process is left.
    expect((await tell(story)).outcome.code).toBe(0);
  });

  test('a driver that never ends is told by what it waited for', async () => {
    const story = {
      ts: `test('stuck', () => roles.client.waitForFile('/never/there'));`,
      py: `
@tutti.test
def stuck(): roles.client.wait_for_file('/never/there')`,
    };
    const { outcome, last, report } = await tell(story, { args: ['--timeout', '6s'] });
    expect(outcome.code).toBe(1);
    expect(last).toMatch(/^stuck: .*\/never\/there.*\(driver\.(ts|py):\d+\)$/);
    expect(report.cause).toContain('/never/there');
  });

  test('a command that prints a lot gives its end, and where all of it is', async () => {
    const story = {
      ts: `
test('large', async () => {
  const { stdout, truncated } = await roles.client.run("yes 'a line' | head -c 20000000; echo; echo the end");
  console.log(stdout.split('\\n').at(-2), truncated.stdout?.size, truncated.stderr === undefined, truncated.stdout?.log);
});`,
      py: `
@tutti.test
def large():
    out = roles.client.run("yes 'a line' | head -c 20000000; echo; echo the end")
    print(out.stdout.split('\\n')[-2], out.stdout_truncated.size, str(out.stderr_truncated is None).lower(), out.stdout_truncated.log)`,
    };
    const { stdout, stderr, read } = await tell(story);
    expect(stderr).toBe('');
    expect(stdout).toBe('the end 20000009 true client.0/cmd-1/stdout.log\n');
    expect(await read('client.0/cmd-1/stdout.log')).toHaveLength(20_000_009);
  });

  test.skipIf(!isRoot)('get onto a full disk breaks the lab, not the test (needs root)', async () => {
    const full = await mountSmall('1m');
    const story = {
      ts: `
test('full', async () => {
  await roles.client.run('head -c 5000000 /dev/zero >big');
  await roles.client.get('big', ${JSON.stringify(join(full, 'big'))});
});`,
      py: `
@tutti.test
def full():
    roles.client.run('head -c 5000000 /dev/zero >big')
    roles.client.get('big', ${JSON.stringify(join(full, 'big'))})`,
    };
    const { outcome, last, report } = await tell(story);
    expect(last).toMatch(/^full: the lab broke: .*big.*\(driver\.(ts|py):\d+\)$/);
    expect(outcome.code).toBe(2);
    expect(report.status).toBe('ERROR');
  });
});

test('a driver that prints 1 GB ends as it would have', async () => {
  const script = `
import { test } from 'tutti';
import { writeSync } from 'node:fs';
test('loud', () => {
  const line = Buffer.alloc(1 << 20, 'x');
  for (let at = 0; at < 1024; at += 1) for (let from = 0; from < line.length;) from += writeSync(1, line, from);
});`;
  const { outcome, report, stdout } = await driven('driver.mjs', script);
  expect(outcome.code).toBe(0);
  expect(report.status).toBe('PASS');
  expect(stdout).toBe(`${2 ** 30} bytes`);
}, 120_000);

test('a module that is missing is told in plain words', async () => {
  const { outcome, stderr, last, report } = await driven('driver.mjs', "import 'nothere';");
  const words = /there is no package 'nothere', which .*driver\.mjs imports/;
  expect(outcome.code).toBe(1);
  expect(last).toMatch(words);
  expect(stderr).not.toMatch(/node:internal|Node\.js v/);
  expect(report.cause).toMatch(words);
});

test.each([
  ['driver.ts', 'enum Colour { red }', /driver\.ts:1:1: .*enum/],
  ['driver.ts', 'const x = ;', /driver\.ts:1:11: .*syntax error/],
  ['driver.mjs', 'const x = ;', /driver\.mjs:1:11: .*syntax error/],
])(
  'what Node cannot read is refused before any machine is taken: %s with %s',
  async (file, script, words) => {
    const cwd = await folder({ [file]: script });
    const { code, stderr } = await tutti(['run', '--local', '--drive', file, '--role', 'db'], { cwd });
    expect(code).toBe(64);
    expect(stderr).toMatch(words);
  },
);
