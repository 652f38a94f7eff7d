/** What else a driver does on machines: waits, files, reboots, repetition, all at once; the same in TypeScript and Python. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LANGUAGES, said, tellIn } from './telling.ts';
import { ended, type Machines, Refusal, type Story, shells } from './world.ts';

describe.each(LANGUAGES)('in %s', (language) => {
  const tell = (story: Story, machines?: Machines, env?: Record<string, string>) =>
    tellIn(language, story, machines, env);

  test('the waits say what they wait for; a text means itself', async () => {
    const story = {
      TypeScript: `
const db = roles.db[0];
await db.waitForPort(5432, { host: '10.0.0.1', timeout: '30s' });
await db.waitForFile('/run/x.pid', { timeout: 1 });
say(await db.waitForLog('/var/log/x', 'a.b (c)', { timeout: 1 }));
await db.waitForUnit('sshd.service', { timeout: 1 });`,
      Python: `
db = roles.db[0]
db.wait_for_port(5432, host='10.0.0.1', timeout='30s')
db.wait_for_file('/run/x.pid', timeout=1)
say(db.wait_for_log('/var/log/x', 'a.b (c)', timeout=1))
db.wait_for_unit('sshd.service', timeout=1)`,
    };
    const outcome = await tell(story, () => ({ line: 'xa.b (c)', waited: 0 }));
    expect(outcome.stderr).toBe('');
    expect(said(outcome)).toEqual(['xa.b (c)']);
    const [port, file, log, unit] = outcome.drives.map(({ args }) => args);
    expect(port).toEqual({ for: { is: 'port', port: 5432, host: '10.0.0.1' }, timeout: 30 });
    expect(file).toEqual({ for: { is: 'file', path: '/run/x.pid' }, timeout: 1 });
    expect(unit).toEqual({ for: { is: 'unit', unit: 'sshd.service' }, timeout: 1 });
    const { pattern } = log!['for'] as { pattern: string };
    expect(new RegExp(pattern).test('xa.b (c)')).toBe(true);
    expect(new RegExp(pattern).test('xaxb (c)')).toBe(false);
  });

  test('a wait without a timeout has what is left of the test, less 2 s', async () => {
    const story = {
      TypeScript: `await roles.client.waitForFile('/x');`,
      Python: `roles.client.wait_for_file('/x')`,
    };
    const { drives } = await tell(story, () => ({ waited: 0 }), { TUTTI_DEADLINE: '100' });
    const timeout = drives[0]?.args['timeout'] as number;
    expect(timeout).toBeLessThan(98);
    expect(timeout).toBeGreaterThan(60);
  });

  test('put sends a file by its absolute path, or contents; a missing one is refused before', async () => {
    const story = {
      TypeScript: `
await roles.client.put('driver.ts', '/etc/x', { mode: 0o600 });
await roles.client.put({ content: 'hello' }, 'y');
await roles.client.put('./nothere', 'z');`,
      Python: `
roles.client.put('driver.py', '/etc/x', mode=0o600)
roles.client.put(tutti.Content('hello'), 'y')
roles.client.put('./nothere', 'z')`,
    };
    const contents: string[] = [];
    const outcome = await tell(story, ({ args }) => {
      contents.push(readFileSync(args['from'] as string, 'utf8'));
      return { files: 1, bytes: 5 };
    });
    expect(contents[1]).toBe('hello');
    expect(outcome.drives.map(({ args }) => ({ ...args, from: '' }))).toEqual([
      { from: '', path: '/etc/x', mode: 0o600 },
      { from: '', path: 'y', mode: 0o644 },
    ]);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(
      /^failed: put \.\/nothere to client\.0 \(n3\): there is no \/.*\/nothere on the driver's machine$/m,
    );
  });

  test('get writes to a path, or gives the contents; onto a full disk the lab is broken', async () => {
    const story = {
      TypeScript: `
await roles.client.get('/etc/x', 'here');
say((await roles.client.get('/etc/x')).toString());
await roles.client.get('/big', '/tmp/big');`,
      Python: `
roles.client.get('/etc/x', 'here')
say(roles.client.get('/etc/x').decode())
roles.client.get('/big', '/tmp/big')`,
    };
    const outcome = await tell(story, ({ args }) => {
      if (args['path'] === '/big') throw new Refusal('DISK_FULL', '/tmp/big: no space left');
      writeFileSync(args['to'] as string, 'hello');
      return { files: 1, bytes: 5 };
    });
    expect(said(outcome)).toEqual(['hello']);
    expect(outcome.drives[0]?.args['to']).toMatch(/^\/.*\/here$/);
    expect(outcome.status).toBe(99);
    expect(outcome.last).toMatch(/^the lab broke: \/tmp\/big: no space left \(driver/);
  });

  test('reboot returns the boot that proves it, and what was started before may be started again', async () => {
    const story = {
      TypeScript: `
await roles.client.start('server', 'x');
say((await roles.client.reboot({ timeout: '1m' })).boot);
await roles.client.start('server', 'x');
say((await roles.client.facts()).labels);`,
      Python: `
roles.client.start('server', 'x')
say(roles.client.reboot(timeout='1m').boot)
roles.client.start('server', 'x')
say(roles.client.facts()['labels'])`,
    };
    const run = shells(() => ended());
    const outcome = await tell(story, (asked) => {
      if (asked.do === 'reboot') return { boot: 'b2', away: 3 };
      if (asked.do === 'facts') return { node: 'n3', boot: 'b2', facts: {}, labels: { a: 1 }, addresses: [] };
      return run(asked);
    });
    expect(outcome.stderr).toBe('');
    expect(said(outcome)).toEqual(['b2', { a: 1 }]);
    expect(outcome.drives.find(({ do: verb }) => verb === 'reboot')?.args).toEqual({ timeout: 60 });
  });

  test('until repeats, returns what held, and else says how often it tried and what came last', async () => {
    const story = {
      TypeScript: `
say((await roles.client.until('ready', { every: '10ms' })).stdout);
let count = 0;
say(await until(() => (count += 1) === 3 && count, { every: '1ms' }));
await until(() => false, { every: '10ms', timeout: '50ms', name: 'never' }).catch((error) => say(error.message));
await roles.client.until('broken', { every: '10ms', timeout: '1500ms' });`,
      Python: `
say(roles.client.until('ready', every='10ms').stdout)
count = []
say(until(lambda: count.append(1) or (len(count) == 3 and len(count)), every='1ms'))
try: until(lambda: False, every='10ms', timeout='50ms', name='never')
except tutti.TimedOut as error: say(error.message)
roles.client.until('broken', every='10ms', timeout='1500ms')`,
    };
    let asked = 0;
    const machines = shells((line) => {
      if (line === 'broken') return ended(5, '', 'out of order\n');
      asked += 1;
      return ended(asked < 3 ? 1 : 0, 'yes');
    });
    const outcome = await tell(story, machines);
    expect(said(outcome)).toEqual([
      'yes',
      3,
      expect.stringMatching(
        /^until never: did not hold within 0\.1 s, tried \d+ times; the last time: it gave [fF]alse$/,
      ),
    ]);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(
      /^failed: until "broken" on client\.0 \(n3\): did not hold within 1\.5 s, tried \d+ times; the last time: "broken" on client\.0 \(n3\) exited with status 5 \(last line: "out of order"\)$/m,
    );
  });

  test('each goes to all at once, waits for all, and says on which it failed', async () => {
    const story = {
      TypeScript: `
say(await roles.db.each(async (one) => (await one.run('fine')).stdout));
await roles.db.each((one) => one.run('half'));`,
      Python: `
say(roles.db.each(lambda one: one.run('fine').stdout))
roles.db.each(lambda one: one.run('half'))`,
    };
    const both = Promise.withResolvers<void>();
    let arrived = 0;
    const machines = shells(async (line, on) => {
      arrived += 1;
      if (arrived === 2) both.resolve();
      await both.promise; // one after the other they would wait for ever
      return line === 'half' && on === 'db.1' ? ended(1) : ended(0, on);
    });
    const outcome = await tell(story, machines);
    expect(said(outcome)).toEqual([['db.0', 'db.1']]);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(
      /^failed: on 1 of 2 machines of db: "half" on db\.1 \(n2\) exited with status 1$/m,
    );
  });

  test('who is not there is told with the nearest name, and a role of several is not one machine', async () => {
    const story = {
      TypeScript: `
for (const wrong of [() => roles.cleint, () => node('db.9'), () => roles.db.member])
  try { wrong(); } catch (error) { say((error as Error).message); }
say([roles.client.member, roles.db.length, roles.db.map((one) => one.machine), Object.keys(roles), 'db' in roles]);`,
      Python: `
for wrong in [lambda: roles.cleint, lambda: node('db.9'), lambda: roles.db.member]:
    try: wrong()
    except tutti.Error as error: say(error.message)
say([roles.client.member, len(roles.db), [one.machine for one in roles.db], list(roles), 'db' in roles])`,
    };
    expect(said(await tell(story))).toEqual([
      'the test has no role "cleint"; did you mean "client"?',
      expect.stringMatching(/^the test has no member "db\.9"; did you mean "db\.[01]"\?$/),
      'role "db" has 2 members: say which, as roles.db[0], or roles.db.each(…)',
      ['client.0', 2, ['n1', 'n2'], ['db', 'client', 'driver'], true],
    ]);
  });

  test('a machine that does not answer is given up when the time is over', async () => {
    const story = {
      TypeScript: `await roles.client.facts({ timeout: '100ms' });`,
      Python: `roles.client.facts(timeout='100ms')`,
    };
    const outcome = await tell(story, () => new Promise(() => {}));
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/^failed: facts on client\.0 \(n3\): not done within 0\.1 s$/m);
    expect(outcome.stderr).toMatch(/at driver\.(ts|py):/);
  });
});
