/** Tests of a driver, their steps and invariants: the same stories in TypeScript and Python, with the same outcome. */
import { describe, expect, test } from 'vitest';
import { python } from '../languages.ts';
import { drive, ended, type Language, Refusal, type Story, shells } from './world.ts';

const LANGUAGES: Language[] = python.available ? ['TypeScript', 'Python'] : ['TypeScript'];
const ok = shells(() => ended(0, 'f\n'));

describe.each(LANGUAGES)('in %s', (language) => {
  const tell = (story: Story, ...rest: [Parameters<typeof drive>[2]?, Record<string, string>?]) =>
    drive(language, story[language], ...rest);

  test('a test that passes ends with 0, and is no subtest when it is alone and has no steps', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
test('failover', async ({ roles, expect }) => {
  const out = await roles.db[1].run('psql');
  expect(out.stdout).toContain('f');
});`,
      Python: `
import tutti
@tutti.test
def failover():
    out = tutti.roles.db[1].run('psql')
    assert 'f' in out.stdout`,
    };
    expect(await tell(story, ok)).toMatchObject({
      status: 0,
      stderr: '',
      results: [],
      asked: ['db.1 start', 'db.1 ended'],
    });
  });

  test('an assertion that fails ends with 1, and tells what, where, and as its last line the cause', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
test('failover', async ({ roles, expect }) => {
  const out = await roles.db[0].run('psql');
  expect(out.stdout).toBe('t\\n');
});`,
      Python: `
import tutti
@tutti.test
def failover():
    out = tutti.roles.db[0].run('psql')
    assert out.stdout == 't\\n'`,
    };
    const { status, stderr } = await tell(story, ok);
    expect(status).toBe(1);
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^failed: /);
    expect(stderr).toMatch(/^ {4}at driver\.(ts:5:22|py:6)$/m);
    expect(stderr).toMatch(/^ {7}[56] \| .*out\.stdout/m);
    expect(lines.at(-1)).toMatch(/^failover: .*\(driver\.(ts:5|py:6)\)$/);
    expect(stderr).not.toMatch(/node:|packages\/sdk|\/lib\/python/);
  });

  test('a command that fails is told with its last words', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
async function promote(node: { run(line: string): Promise<unknown> }) {
  await node.run('pg_ctl promote');
}
test('failover', async ({ roles }) => {
  await promote(roles.db[1]);
});`,
      Python: `
import tutti
def promote(node):

    node.run('pg_ctl promote')
@tutti.test
def failover():
    promote(tutti.roles.db[1])`,
    };
    const machines = shells(() => ended(2, 'out\n', 'one\nno server running\n'));
    const { status, stderr } = await tell(story, machines);
    expect(status).toBe(1);
    const what = '"pg_ctl promote" on db.1 (n2) exited with status 2 (last line: "no server running")';
    expect(stderr.split('\n')[0]).toBe(`failed: ${what}`);
    expect(stderr).toMatch(/at driver\.(ts:4:14|py:5)\n.*\n {4}at driver\.(ts:7:9|py:8)\n/);
    expect(stderr).toContain('  its stderr ended with:\n    one\n    no server running\n');
    const line = language === 'Python' ? 'py:5' : 'ts:4';
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(`failover: ${what} (driver.${line})`);
  });

  test('a lost machine ends with 99: the lab broke, not what is tested', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
test('a', async ({ roles }) => { await roles.db[0].run('x'); });
test('b', async ({ roles }) => { await roles.db[0].run('x'); });`,
      Python: `
import tutti
@tutti.test
def a(): tutti.roles.db[0].run('x')
@tutti.test
def b(): tutti.roles.db[0].run('x')`,
    };
    const machines = () => {
      throw new Refusal('NODE_LOST', 'db.0 on n1 is lost');
    };
    const { status, stderr, results } = await tell(story, machines);
    expect(status).toBe(99);
    expect(stderr).toMatch(/^the lab broke: db\.0 on n1 is lost$/m);
    expect(stderr).toMatch(/^a: the lab broke: db\.0 on n1 is lost \(driver/m);
    expect(results).toMatchObject([
      { name: 'a', status: 'error' },
      { name: 'b', status: 'skip' },
    ]);
  });

  test('several tests follow each other, each a subtest, and one that fails does not keep the next from running', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
test('one', async ({ roles }) => { await roles.client.run('a'); });
test('two', async ({ roles }) => { await roles.client.run('b'); });
await new Promise((resolve) => setTimeout(resolve, 300));
test('three', async ({ roles }) => { await roles.client.run('a'); });`,
      Python: `
import tutti
@tutti.test
def one(): tutti.roles.client.run('a')
@tutti.test('two')
def second(): tutti.roles.client.run('b')
@tutti.test
def three(): tutti.roles.client.run('a')`,
    };
    const { status, results } = await tell(
      story,
      shells((line) => ended(line === 'b' ? 1 : 0)),
    );
    expect(status).toBe(1);
    expect(results.map(({ name, status: each }) => `${name} ${each}`)).toEqual([
      'one pass',
      'two fail',
      'three pass',
    ]);
    expect(results[1]?.message).toMatch(/^"b" on client\.0 \(n3\) exited with status 1 \(driver/);
  });

  test('steps are subtests, within each other too; what fails in one is told once', async () => {
    const story = {
      TypeScript: `
import { step, test } from 'tutti';
test('upgrade', async ({ roles }) => {
  await step('stop', async () => { await roles.client.run('a'); });
  await step('install', async () => {
    await step('unpack', async () => { await roles.client.run('b'); });
  });
});`,
      Python: `
import tutti
@tutti.test
def upgrade():
    with tutti.step('stop'):
        tutti.roles.client.run('a')
    with tutti.step('install'):
        with tutti.step('unpack'):
            tutti.roles.client.run('b')`,
    };
    const { status, results } = await tell(
      story,
      shells((line) => ended(line === 'b' ? 1 : 0)),
    );
    expect(status).toBe(1);
    const why = expect.stringMatching(/^"b" on client\.0 \(n3\) exited with status 1/) as string;
    const see = 'see "upgrade / install / unpack"';
    expect(results).toEqual([
      { name: 'upgrade / stop', status: 'pass' },
      { name: 'upgrade / install / unpack', status: 'fail', message: why },
      { name: 'upgrade / install', status: 'fail', message: see },
      { name: 'upgrade', status: 'fail', message: see },
    ]);
  });

  test('a driver all of whose tests are skipped ends with 77', async () => {
    const story = {
      TypeScript: `
import { skip, test } from 'tutti';
test('rdma', () => skip('no such card'));`,
      Python: `
import tutti
@tutti.test
def rdma(): tutti.skip('no such card')`,
    };
    const { status, stderr } = await tell(story);
    expect(status).toBe(77);
    expect(stderr).toMatch(/^rdma: skipped: no such card/);
  });

  test('what was always to hold and does not ends the test at once, with the time it broke', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
test('upgrade', async ({ always, roles, signal }) => {
  always(async () => { await roles.client.run('ask'); }, { every: '20ms', name: 'it answers' });
  await roles.db[0].run('for ever');
});`,
      Python: `
import tutti
@tutti.test
def upgrade():
    tutti.always(lambda: roles.client.run('ask'), every='20ms', name='it answers')
    roles.db[0].run('for ever')
roles = tutti.roles`.replace('import tutti\n', 'import tutti\nroles = tutti.roles\n'),
    };
    let asked = 0;
    const machines = shells((line) => {
      if (line === 'for ever') return new Promise<object>(() => {});
      asked += 1;
      return ended(asked < 3 ? 0 : 7);
    });
    const { status, stderr } = await tell(story, machines);
    expect(status).toBe(1);
    expect(asked).toBe(3);
    expect(stderr).toMatch(
      /^failed: "it answers" broke [\d.]+ s after the test began \(\d{4}-\d\d-\d\dT[\d:.]+Z\): "ask" on client\.0 \(n3\) exited with status 7$/m,
    );
  });

  test('what was always to hold is looked at once more at the end', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
let sound = true;
test('quick', ({ always }) => {
  always(() => sound, { every: '1h', name: 'sound' });
  return new Promise((resolve) => setTimeout(() => { sound = false; resolve(undefined); }, 50));
});`,
      Python: `
import time, tutti
sound = [True]
@tutti.test
def quick():
    tutti.always(lambda: sound[0], every='1h', name='sound')
    time.sleep(0.05)
    sound[0] = False`,
    };
    const { status, stderr } = await tell(story);
    expect(status).toBe(1);
    expect(stderr).toMatch(/"sound" broke .* it gave (false|False)/);
  });

  test('a violation ends a test that waits for nothing of Tutti', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
let looks = 0;
test('deaf', async ({ always, signal }) => {
  always(() => (looks += 1) < 2, { every: '20ms', name: 'calm' });
  await new Promise((resolve) => { const timer = setTimeout(resolve, 3_600_000); signal.onabort = () => { clearTimeout(timer); resolve(undefined); }; });
});`,
      Python: `
import time, tutti
looks = []
@tutti.test
def deaf():
    tutti.always(lambda: looks.append(1) or len(looks) < 2, every='20ms', name='calm')
    time.sleep(3600)`,
    };
    const { status, stderr } = await tell(story);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^deaf: "calm" broke/m);
  });

  test('a test in a test is refused: that is a step', async () => {
    const story = {
      TypeScript: `
import { test } from 'tutti';
test('outer', () => { test('inner', () => {}); });`,
      Python: `
import tutti
@tutti.test
def outer():
    @tutti.test
    def inner(): pass`,
    };
    const { status, stderr } = await tell(story);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^outer: test "inner" in test "outer": a part of a test is a step/m);
  });

  test('what nobody catches is told as any failure is', async () => {
    const story = {
      TypeScript: `
import { roles } from 'tutti';
await roles.db[0].run('x');`,
      Python: `
import tutti
tutti.roles.db[0].run('x')`,
    };
    const { status, stderr } = await tell(
      story,
      shells(() => ended(3)),
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/^failed: "x" on db\.0 \(n1\) exited with status 3$/m);
    expect(stderr).toMatch(/\(driver\.(ts|py):3\)\n$/);
    const lost = () => {
      throw new Refusal('NODE_LOST', 'gone');
    };
    expect((await tell(story, lost)).status).toBe(99);
  });
});

describe('in TypeScript alone', () => {
  test.each([
    [
      'a module that is not there',
      "import 'nothere';",
      /there is no package 'nothere', which driver\.ts imports/,
    ],
    ['an enum', 'enum Colour { red }', /TypeScript's enum cannot be stripped to JavaScript/],
    ['a syntax error', 'const x = ;', /syntax error: Expression expected/],
    ['an export that is not there', "import { nothing } from 'node:fs';", /syntax error: .*'nothing'/],
  ])('%s is told in plain words', async (_, script, words) => {
    const { status, stderr } = await drive('TypeScript', script);
    expect(status).toBe(1);
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(words);
    expect(stderr).not.toMatch(/Node\.js v|node:internal/);
  });

  test('what a test leaves open does not keep the driver alive, and what it leaves waiting is no failure', async () => {
    const script = `
import { test } from 'tutti';
test('one', ({ roles }) => { setInterval(() => {}, 1000); void roles.db[0].run('for ever'); });
test('two', () => {});`;
    const never = shells(() => new Promise<object>(() => {}));
    expect(await drive('TypeScript', script, never)).toMatchObject({ status: 0, stderr: '' });
  });

  test('what nobody awaits is not told a second time, when the test that it was in has failed', async () => {
    const script = `
import { test } from 'tutti';
test('one', async ({ roles, always }) => {
  void roles.db[0].run('for ever');
  void roles.db[1].waitForFile('/never');
  always(() => false, { name: 'calm' });
  await roles.client.run('for ever');
});
test('two', () => {});`;
    const never = shells(() => new Promise<object>(() => {}));
    const { status, stderr, results } = await drive('TypeScript', script, (asked) =>
      asked.do === 'wait' ? new Promise(() => {}) : never(asked),
    );
    expect(status).toBe(1);
    expect(stderr.match(/broke/g)).toHaveLength(2); // the first line and the last one
    expect(results.map(({ name, status: each }) => `${name} ${each}`)).toEqual(['one fail', 'two pass']);
  });

  test('a rejection that nobody awaits fails the test that is under way', async () => {
    const script = `
import { test } from 'tutti';
test('one', async ({ signal }) => {
  void Promise.reject(new Error('nobody looks'));
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
});`;
    const { status, stderr } = await drive('TypeScript', script);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^one: nobody looks \(driver\.ts:4\)$/m);
  });
});
