import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { closest } from '../src/shell/closest.ts';
import { runCommand } from '../src/shell/command.ts';
import { LATER, VERBS } from '../src/shell/verbs.ts';
import { FakeAgent } from './fake-agent.ts';

let agent: FakeAgent;

beforeEach(async () => {
  agent = await new FakeAgent().listen();
  vi.stubEnv('TUTTI_SOCKET', agent.path);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await agent[Symbol.asyncDispose]();
});

const MISTAKES: [string[], string][] = [
  [[], 'tutti VERB'],
  [['barier', 'ready'], 'did you mean barrier?'],
  [['BARRIER', 'ready'], 'no verb "BARRIER"'],
  [['toString'], 'no verb "toString"'],
  [['wait-or', 'tcp'], 'did you mean wait-for?'],
  [['barrier'], 'something is missing'],
  [['barrier', 'ready', 'set'], '"set" is one word too many'],
  [['barrier', 'ready', '--cuont', '3'], 'did you mean --count?'],
  [['barrier', 'ready', '--count'], '--count'],
  [['barrier', 'ready', '--count', 'two'], '"two" is not a whole number'],
  [['barrier', 'ready', '--count', '1.5'], '"1.5" is not a whole number'],
  [['barrier', 'ready', '--count', '2', '--roles', 'a'], 'only one of'],
  [['barrier', 'ready', '--timeout', 'soon'], '"soon" is not a time span'],
  [['barrier', 'ready', '--timeout', '-1'], '"-1" is not a time span'],
  [['barrier', 'ready', '--data', '{a: 1}'], '--data-raw'],
  [['barrier', 'ready', '--data', '1', '--data-raw', '1'], 'not both'],
  [['barrier', 'ready', '--rank', '--json'], 'not both'],
  [['barrier', 'ready', '--abort', 'broken', '--rank'], '--rank means nothing beside it'],
  [['set', 'key'], 'something is missing'],
  [['set', 'key', 'two', 'words'], 'quote what belongs together'],
  [['set', 'key', '--', '-x', 'y'], 'one word too many'],
  [['get', 'key', '--timeout', '3s'], '--timeout needs --wait'],
  [['incr', 'key', 'one'], 'BY: "one" is not a whole number'],
  [['send', 'topic'], 'something is missing'],
  [['recv', 'topic', '--from', '-1'], 'offsets begin with 0'],
  [['recv', 'topic', '--from', 'x'], '"x" is not a whole number'],
  [['recv', 'topic', '--no-wait', '--timeout', '1s'], 'not both'],
  [['take', 'topic', '--no-wait', '--timeout', '1s'], 'not both'],
  [['take', 'topic', '--from', '1'], 'unknown option --from'],
  [['lock', 'disk', '--slots', '0'], 'at least one member'],
  [['lock', 'disk', '--slots', 'two'], '"two" is not a whole number'],
  [['lock', 'disk', 'ls', '-l'], 'put -- before'],
  [['unlock', 'disk', 'now'], 'one word too many'],
  [['set', 'k', 'v', '--scope', 'suite'], '"suite" is no scope'],
  [['barrier', 'ready', '--scope', 'run'], '--count says how many'],
  [['result', 'name', 'passed'], 'did you mean pass?'],
  [['result', 'name', 'PASS'], 'did you mean pass?'],
  [['result', 'name', 'pass', '--measure', 'fast'], '"fast" is not a number'],
  [['wait-for', 'udp', 'localhost:1'], 'neither tcp nor file'],
  [['wait-for', 'tcp', 'localhost'], 'not HOST:PORT'],
  [['wait-for', 'tcp', 'localhost:0'], 'not HOST:PORT'],
  [['wait-for', 'tcp', 'localhost:65536'], 'not HOST:PORT'],
  [['wait-for', 'tcp', '::1:80'], 'not HOST:PORT'],
  [['wait-for', 'tcp', '[localhost]:80'], 'not HOST:PORT'],
  [['wait-for', 'tcp', 'localhost:80', '--timeout', 'never'], 'not a time span'],
];

test.each(MISTAKES)('%j exits 64 with a reason, and nothing is sent', async (args, reason) => {
  const { status, stdout, stderr } = await runCommand(args);
  expect({ status, stdout }).toEqual({ status: 64, stdout: undefined });
  expect(stderr).toMatch(/^tutti: (USAGE|BAD_PARAMS): /);
  expect(stderr).toContain(reason);
  expect(agent.count).toBe(0);
});

test.each(LATER)('%s is known, but not available in this version', async (verb) => {
  expect(await runCommand([verb, 'x'])).toEqual({
    status: 64,
    stderr: `tutti: USAGE: "${verb}" is not available in this version`,
  });
});

test('the verbs now and later are those of the design', () => {
  const design =
    'barrier set get incr keys send recv take lock unlock result measure mark reboot extend wait-for addr';
  expect([...Object.keys(VERBS), ...LATER].toSorted()).toEqual(design.split(' ').toSorted());
});

test('arguments that the agent refuses are a usage error too', async () => {
  const running = runCommand(['barrier', 'x'.repeat(200)]);
  await (await agent.next()).refuse('BAD_PARAMS', 'args.name: too long');
  expect(await running).toEqual({ status: 64, stderr: 'tutti: BAD_PARAMS: args.name: too long' });
});

test('what begins with a dash can be set behind --', async () => {
  const running = runCommand(['set', '--', 'flags', '-x --y']);
  const connection = await agent.next();
  expect((await connection.request).args).toEqual({ key: 'flags', value: '-x --y' });
  await connection.answer({});
  expect(await running).toEqual({});
});

describe('help', () => {
  test.each([[['help']], [['--help']], [['-h']]])('%j lists every verb', async (args) => {
    const { stdout, status } = await runCommand(args);
    expect(status).toBeUndefined();
    for (const { usage } of Object.values(VERBS)) expect(stdout).toContain(`tutti ${usage}`);
  });

  test.each(Object.entries(VERBS))('%s explains each of its options', async (name, { options }) => {
    const { stdout } = await runCommand([name, '--help']);
    expect(await runCommand(['help', name])).toEqual({ stdout });
    for (const [option, { about }] of Object.entries(options)) {
      expect(stdout).toContain(`--${option}`);
      expect(stdout).toContain(about);
    }
  });
});

test.each([
  ['keys', 'keys'],
  ['kyes', 'keys'],
  ['gett', 'get'],
  ['resul', 'result'],
  ['xyzzy', undefined],
  ['', undefined],
])('the closest verb to "%s" is %s', (word, verb) => {
  expect(closest(word, ['barrier', 'get', 'set', 'keys', 'result'])).toBe(verb);
});
