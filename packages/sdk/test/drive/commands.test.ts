/** Commands and processes on machines, and how they end: the same in TypeScript and Python. */
import { describe, expect, test } from 'vitest';
import { LANGUAGES, said, tellIn } from './telling.ts';
import { drive, ended, type Machines, type Story, shells } from './world.ts';

describe.each(LANGUAGES)('in %s', (language) => {
  const tell = (story: Story, machines?: Machines) => tellIn(language, story, machines);

  test('run gives status, output as text and bytes, and duration; check: false does not throw', async () => {
    const story = {
      TypeScript: `
const out = await roles.db[0].run(['a', 'b c'], { check: false, env: { X: '1' }, cwd: '/tmp', name: 'mine', timeout: '5s' });
say([out.ok, out.exit, out.stdout, out.bytes.stdout.length, out.stderr, out.duration, out.member, out.machine, out.number]);`,
      Python: `
out = roles.db[0].run(['a', 'b c'], check=False, env={'X': '1'}, cwd='/tmp', name='mine', timeout='5s')
say([out.ok, out.exit, out.stdout, len(out.stdout_bytes), out.stderr, out.duration, out.member, out.machine, out.number])`,
    };
    const outcome = await tell(
      story,
      shells(() => ended(4, 'ü\n', 'e')),
    );
    expect(outcome.stderr).toBe('');
    expect(said(outcome)).toEqual([[false, 4, 'ü\n', 3, 'e', 0.1, 'db.0', 'n1', 1]]);
    expect(outcome.drives[0]?.args).toEqual({
      command: ['a', 'b c'],
      env: { X: '1' },
      cwd: '/tmp',
      name: 'mine',
      timeout: 5,
    });
  });

  test('an output that is too long comes as its end, cut at a character, and says where all of it is', async () => {
    const story = {
      TypeScript: `
const { stdout, truncated } = await roles.client.run('x');
say([stdout, truncated.stdout]);`,
      Python: `
out = roles.client.run('x')
say([out.stdout, dict(out.stdout_truncated._asdict())])`,
    };
    const tail = Buffer.from('über').subarray(1);
    const machines = shells(() =>
      ended(0, '', '', { stdout: { size: 10_000, tail: tail.toString('base64') } }),
    );
    const truncated = { size: 10_000, kept: 4, log: 'client.0/cmd-1/stdout.log' };
    expect(said(await tell(story, machines))).toEqual([['ber', truncated]]);
  });

  test.each([
    [{ exit: { how: 'signalled', signal: 'SIGSEGV' } }, 1, 'was ended by SIGSEGV'],
    [{ exit: { how: 'killed' } }, 1, 'was killed (kill -9 or out of memory)'],
    [{ exit: { how: 'rebooted' } }, 1, 'ended with its machine, which was rebooted'],
    [{ exit: { how: 'not-started', message: 'no such directory' } }, 1, 'did not start: no such directory'],
    [{ stopped: 'timeout', duration: 5 }, 1, 'was still running after 5 s, and was stopped'],
    [{ stopped: 'output-limit' }, 1, 'was stopped, as it wrote more output than is kept'],
    [{ stopped: 'disk-full' }, 99, 'was stopped, as the disk there is full'],
    [{ stopped: 'given-up' }, 99, 'was stopped, as its machine was lost'],
  ])('a command that ended as %j ends the driver with %i', async (end, status, words) => {
    const story = {
      TypeScript: `await roles.client.run('sleep 9');`,
      Python: `roles.client.run('sleep 9')`,
    };
    const outcome = await tell(
      story,
      shells(() => ended(143, '', '', end)),
    );
    expect(outcome.status).toBe(status);
    expect(outcome.stderr).toContain(`"sleep 9" on client.0 (n3) ${words}`);
  });

  test('fails wants a failure, by itself', async () => {
    const story = {
      TypeScript: `
say((await roles.client.fails('two')).exit);
await roles.client.fails('zero').catch((error) => say(error.message));
await roles.client.fails('late').catch((error) => say(error.message));`,
      Python: `
say(roles.client.fails('two').exit)
for each in ['zero', 'late']:
    try: roles.client.fails(each)
    except tutti.CommandFailed as error: say(error.message)`,
    };
    const machines = shells((line) =>
      line === 'two' ? ended(2) : line === 'zero' ? ended() : ended(143, '', '', { stopped: 'timeout' }),
    );
    expect(said(await tell(story, machines))).toEqual([
      2,
      '"zero" on client.0 (n3) was to fail, and exited with status 0',
      '"late" on client.0 (n3) was still running after 0.1 s, and was stopped',
    ]);
  });

  test('start leaves it running under a name, by which it is signalled and stopped', async () => {
    const story = {
      TypeScript: `
const db = node('db.1');
const server = await db.start('server', './serve');
await db.start('server', './serve').catch((error) => say(error.message));
await db.kill('server', 'SIGHUP');
say(await server.waitForLog(/rea.y/i, { timeout: 3 }));
say((await db.stop('server')).exit);
await db.stop('server').catch((error) => say(error.message));
await db.start('server', './serve');`,
      Python: `
db = node('db.1')
server = db.start('server', './serve')
try: db.start('server', './serve')
except tutti.Error as error: say(error.message)
db.kill('server', 'SIGHUP')
say(server.wait_for_log(re.compile('rea.y', re.I), timeout=3))
say(db.stop('server').exit)
try: db.stop('server')
except tutti.Error as error: say(error.message)
db.start('server', './serve')`,
    };
    const run = shells(() => ended(143, '', '', { stopped: 'cancelled' }));
    const machines: Machines = (asked) =>
      asked.do === 'wait' ? { line: 'I am ready', waited: 0.1 } : run(asked);
    const outcome = await tell(story, machines);
    expect(outcome.stderr).toBe('');
    expect(said(outcome)).toEqual([
      'start "server" on db.1 (n2): one of that name has not ended; stop it first, or take another name',
      'I am ready',
      143,
      'no process "server" was started on db.1 (n2)',
    ]);
    expect(outcome.drives.map(({ do: verb, args }) => [verb, args])).toEqual([
      ['start', { command: './serve', name: 'server' }],
      ['kill', { command: expect.any(String), signal: 'HUP' }],
      ['wait', { for: { is: 'log', command: expect.any(String), pattern: '(?i:rea.y)' }, timeout: 3 }],
      ['stop', { command: expect.any(String) }],
      ['ended', { command: expect.any(String) }],
      ['start', { command: './serve', name: 'server' }],
    ]);
  });
});

test('aborting run stops the command on the machine, and waits until it has ended', async () => {
  const script = `
import { roles } from 'tutti';
const stop = new AbortController();
const running = roles.client.run('for ever', { signal: stop.signal });
await roles.client.facts();
stop.abort(new Error('enough'));
await running.catch((error) => console.log(error.code, error.message, error.cause.message));`;
  const halted = Promise.withResolvers<object>();
  const run = shells(() => halted.promise);
  const outcome = await drive('TypeScript', script, (asked) => {
    if (asked.do === 'stop') halted.resolve(ended(143, '', '', { stopped: 'cancelled' }));
    return run(asked);
  });
  expect(outcome.stdout).toBe(
    'CANCELLED "for ever" on client.0 (n3): withdrawn by its signal, and stopped enough\n',
  );
  expect(outcome.asked.slice(-2)).toEqual(['client.0 stop', 'client.0 ended']);
});

test('whoever gives up starting a process does not leave it running', async () => {
  const script = `
import { roles } from 'tutti';
const stop = new AbortController();
const starting = roles.client.start('server', 'serve', { signal: stop.signal });
await roles.client.facts();
stop.abort();
await starting.catch((error) => console.log(error.code));
await roles.client.facts();`;
  const begun = Promise.withResolvers<void>();
  const run = shells(() => ended());
  let facts = 0;
  const outcome = await drive('TypeScript', script, async (asked) => {
    if (asked.do === 'facts' && (facts += 1) === 2) begun.resolve(); // it has been given up
    if (asked.do === 'start') await begun.promise;
    return run(asked);
  });
  expect(outcome.stdout).toBe('CANCELLED\n');
  expect(outcome.asked.slice(-2)).toEqual(['client.0 stop', 'client.0 ended']);
});
