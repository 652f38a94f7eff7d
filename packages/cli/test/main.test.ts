/** The command line as a whole: usage, help, exit statuses. Nothing of it needs a master. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Command, INSTALLED, run, SOURCES, temporaryDirectory } from './command.ts';

// A process takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 40_000 });

const tutti = (...args: string[]) => run([...SOURCES, ...args]);

describe('help', () => {
  test.each([
    '',
    'run',
    'join',
    'check',
    'list',
    'ps',
    'nodes',
    'master',
    'agent',
    'submit',
    'runs',
    'wait',
    'logs',
    'report',
    'cancel',
    'resume',
    'rerun',
    'history',
    'explain',
    'exec',
    'cp',
    'shell',
    'drain',
    'maintenance',
    'quarantine',
    'label',
    'power',
  ])('of "tutti %s" is as it was meant', async (command) => {
    const args = command === '' ? ['--help'] : [command, '--help'];
    const { status, stdout, stderr } = await tutti(...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot(join('golden', `${command || 'tutti'}-help.txt`));
  });

  test('is the same where the command is installed', async () => {
    const [here, there] = await Promise.all([tutti('run', '--help'), run([...INSTALLED, 'run', '--help'])]);
    expect(there).toEqual(here);
  });

  test('without any command goes to stderr: there was something to say', async () => {
    const { status, stdout, stderr } = await tutti();
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toMatch(/^Usage: tutti /);
  });

  test('has a version', async () => {
    expect(await tutti('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^tutti \d+\.\d+\.\d+\n$/) as string,
    });
  });
});

describe('what cannot be understood exits with 64 and says what', () => {
  test.each([
    [['rnu'], /unknown command 'rnu'[\s\S]*Did you mean run/],
    [['run', '--locla'], /unknown option '--locla'[\s\S]*Did you mean --local/],
    [['run', '--role'], /--role.*argument missing/],
    [['run', 'a.yaml', 'b.yaml'], /too many arguments/],
    [['nodes', 'extra'], /too many arguments/],
    [['run'], /nothing to run/],
    [['run', '--role', 'a=true', 'x.yaml'], /either a suite file or --role/],
    [['run', '--role', 'a'], /tutti: .*a/],
    [['run', '--role', 'a=true', '--param', 'x'], /--param takes KEY=VALUE, not "x"/],
    [['run', '--role', 'a=true', '--timeout', 'soon'], /tutti: .*soon/],
    [
      ['run', '--role', 'a=true', '--local', '--net', 'bridge'],
      /--net takes auto, namespaces or host, not "bridge"/,
    ],
    [['run', 'absent.yaml'], /absent\.yaml/],
    [
      ['run', '--role', 'a=true', '--repeat', 'often'],
      /--repeat takes a whole number of at least 1, not "often"/,
    ],
    [['run', '--role', 'a=true', '--repeat', '10001'], /makes 10001, and a run has at most 10000/],
    [['run', '--role', 'a=true', '--tag', 'net'], /--tag net: no test has this tag/],
    [['check'], /missing required argument 'suite'/],
    [['check', 'absent.yaml'], /suite file absent\.yaml: there is no such file/],
    [['list', '.'], /\. is no suite: it holds neither suite\.yaml nor an executable \*\.test\.\* file/],
    [['submit'], /nothing to run/],
    [
      ['submit', '--role', 'a=true', '--priority', 'high'],
      /--priority takes a whole number from -1000 to 1000/,
    ],
    [['runs', '-n', 'many'], /--number takes a whole number of at least 1, not "many"/],
    [['runs', '--status', 'qeued'], /no run is ever "qeued"; did you mean queued\?/],
    [['wait'], /missing required argument 'run'/],
    [['report', '1', '--format', 'jnuit'], /there is no report as "jnuit"; did you mean junit\?/],
    [['logs', '1', '--since', 'soon'], /--since takes a time span/],
    [['agent', '--label', 'x'], /--label takes KEY=VALUE, not "x"/],
    [['agent', '--name', 'not a name'], /--name not a name/],
    [['master', '--listen', 'here'], /"here" is neither HOST:PORT nor unix:PATH/],
  ] as [string[], RegExp][])('tutti %j', async (args, message) => {
    const { status, stdout, stderr } = await tutti(...args);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});

test.each([['nodes'], ['run', '--role', 'a=true'], ['agent']])(
  'tutti %s where no master is known exits with 64 and names what there is to do',
  async (...args) => {
    const { status, stderr } = await tutti(...args);
    expect(status).toBe(64);
    expect(stderr).toMatch(/no master was named.*\n.*--master.*\(NO_MASTER\)\n$/);
  },
);

test('a token file that cannot be read is named', async () => {
  const { status, stderr } = await tutti('nodes', '--master', 'ws://127.0.0.1:1', '--token-file', '/absent');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^tutti: the token file \/absent cannot be read: .*\n.*\(WRONG_TOKEN\)\n$/);
});

test('output that cannot be written is told of, and is no failed test', async () => {
  const full = openSync('/dev/full', 'w');
  const { ended } = new Command([...SOURCES, '--version'], { stdio: ['ignore', full, 'pipe'] });
  expect(await ended).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /^tutti: the output cannot be written: ENOSPC.*\n.*\(DISK_FULL\)\n$/,
    ) as string,
  });
});

test('a reader that has seen enough is no failure', async () => {
  const command = new Command([...SOURCES, 'run', '--help'], { cwd: temporaryDirectory() });
  command.child.stdout?.destroy();
  expect(await command.ended).toMatchObject({ status: 0, stderr: '' });
});
