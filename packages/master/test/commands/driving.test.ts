/** A driver and two driven members on fake machines: what its agent asks of the master, and what that asks of theirs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS, type MemberEnd, type NodeVerb } from '@tutti/protocol';
import { eventually, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { role } from '../runs/a-test.ts';
import { AttemptLab, type AttemptOptions, NOTHING } from '../runs/attempt-lab.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const none = { kind: 'none' } as const;
const ROLES = [role('db', 2, { script: none }), role('driver', 1, { drives: true })];

let requests = 0;

class DriveLab {
  readonly lab: AttemptLab;
  readonly directory: string;

  private constructor(lab: AttemptLab, directory: string) {
    this.lab = lab;
    this.directory = directory;
  }

  static async start(options: AttemptOptions = {}, roles = ROLES): Promise<DriveLab> {
    const directory = await temporaryDirectory();
    const handlers = {
      'command.start': () => ({}),
      'command.kill': () => ({}),
      'machine.wait': () => new Promise<never>(() => {}),
    };
    const agents = { n1: { handlers }, n2: { handlers }, ...options.agents };
    return new DriveLab(await AttemptLab.start(roles, { directory, ...options, agents }), directory);
  }

  ask(
    verb: NodeVerb,
    args: object = {},
    { on = 'db.0', by = 'driver.0', request = `request-${++requests}` } = {},
  ) {
    const params = { member: this.lab.id(by), request, on, args };
    return this.lab.agent(by).session.call(`drive.${verb}`, params) as Promise<Record<string, unknown>>;
  }

  async start(command = 'sleep 1', on = 'db.0', request = `request-${++requests}`): Promise<string> {
    return String((await this.ask('start', { command }, { on, request }))['command']);
  }

  /** The command ends, with this on stdout. */
  async end(id: string, end: Partial<MemberEnd> = {}, stdout = '', on = 'db.0'): Promise<void> {
    const model = this.lab.model.commands.find((command) => command.id === id);
    const dir = join(this.directory, model?.dir ?? '');
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'stdout.log'), stdout);
    await this.lab.agent(on).ended(id, end);
    await this.lab.agent(on).collected(id);
    await settled();
  }

  /** What the machine of a member was asked of commands. */
  asked(on = 'db.0'): string[] {
    return this.lab.agent(on).asked.filter((line) => !/^member\.(prepare|start|forget)/.test(line));
  }

  async over(exit = 0): Promise<void> {
    await this.lab.end('driver.0', exit);
    for (const { id, of, state } of this.lab.model.commands)
      if (state !== 'ended') await this.end(id, { stopped: 'test-over' }, '', of);
    for (const name of ['db.0', 'db.1'])
      if (this.lab.members.find((member) => member.name === name)?.ended === false)
        await this.lab.end(name, { how: 'signalled', signal: 'SIGTERM' }, { stopped: 'test-over' });
    await this.lab.over;
  }
}

describe('a test with a driver', () => {
  test('ends with its driver; driven members are stopped then, and pass', async () => {
    const lab = await DriveLab.start();
    expect(lab.lab.model.members.map(({ driven }) => driven)).toEqual([true, true, undefined]);
    await lab.over();
    expect(lab.asked()).toEqual([
      'member.stop test-over'.replace('stop', `stop ${lab.lab.id('db.0').slice(0, 4)}`),
    ]);
    expect(lab.lab.model).toMatchObject({ status: 'PASS' });
    expect(lab.lab.model.members.map(({ verdict }) => verdict?.status)).toEqual(['PASS', 'PASS', 'PASS']);
    expect(lab.lab.leftovers).toEqual(NOTHING);
  });

  test('fails as its driver does', async () => {
    const lab = await DriveLab.start();
    await lab.over(1);
    expect(lab.lab.model).toMatchObject({ status: 'FAIL', cause: 'driver.0 on n3 exited with status 1' });
    expect(lab.lab.model.members.map(({ verdict }) => verdict?.status)).toEqual(['PASS', 'PASS', 'FAIL']);
  });

  test('is an ERROR when a driven member is lost, and who drives is stopped', async () => {
    const lab = await DriveLab.start({ grace: 30 });
    const command = await lab.start();
    const ended = rejection(lab.ask('ended', { command }));
    await lab.lab.agent('db.0').cut();
    await lab.lab.clock.pass(30_000);
    expect(await ended).toMatchObject({
      code: 'NODE_LOST',
      message: expect.stringMatching(/db\.0.* was lost/) as string,
    });
    expect(lab.lab.model.commands[0]).toMatchObject({
      state: 'ended',
      lost: expect.stringMatching(/away/) as string,
    });
    await lab.lab.endStopped('driver.0', 'db.1');
    await lab.lab.over;
    expect(lab.lab.model).toMatchObject({
      status: 'ERROR',
      cause: expect.stringMatching(/^db\.0 on n1 was lost/) as string,
    });
    expect(lab.lab.leftovers).toEqual(NOTHING);
  });

  test('that times out says which commands still ran', async () => {
    const lab = await DriveLab.start({ timeout: 60 });
    await lab.ask('start', { command: 'sleep 1000', name: 'the database' });
    await lab.lab.clock.pass(60_000);
    expect(lab.lab.model.trouble).toMatchObject({
      cause:
        'timed out after 60 s: driver.0 on n3 still running; commands still running: db.0/cmd-1 (the database) on n1 for 60.0 s',
    });
  });

  test('has barriers at which nobody waits for who runs no script', async () => {
    const lab = await DriveLab.start();
    const params = { member: lab.lab.id('driver.0'), request: 'a-request', at: 0, args: { name: 'ready' } };
    expect(await lab.lab.agent('driver.0').session.call('sync.barrier', params)).toMatchObject({ size: 1 });
    // By name it takes part, by the hand of a command on its machine.
    const both = { name: 'both', members: ['driver.0', 'db.0'] };
    const first = lab.lab
      .agent('driver.0')
      .session.call('sync.barrier', { ...params, request: 'another-1', args: both });
    await lab.lab
      .agent('db.0')
      .session.call('sync.barrier', { member: lab.lab.id('db.0'), request: 'another-2', at: 0, args: both });
    expect(await first).toMatchObject({ size: 2 });
    const uninvited = {
      ...params,
      member: lab.lab.id('db.0'),
      request: 'another-3',
      args: { name: 'ready' },
    };
    expect(await rejection(lab.lab.agent('db.0').session.call('sync.barrier', uninvited))).toMatchObject({
      code: 'BAD_PARTICIPANTS',
    });
  });
});

describe('a command', () => {
  test('is started once for each request, and has its own number within its member', async () => {
    const lab = await DriveLab.start();
    const [a, again] = await Promise.all([
      lab.start('true', 'db.0', 'the-request'),
      lab.start('true', 'db.0', 'the-request'),
    ]);
    expect(again).toBe(a);
    await lab.start('true', 'db.0');
    await lab.start('true', 'db.1');
    expect(
      lab.lab.model.commands.map(({ of, number, by, dir }) => [of, number, by, dir.split('/').at(-1)]),
    ).toEqual([
      ['db.0', 1, 'driver.0', 'cmd-1'],
      ['db.0', 2, 'driver.0', 'cmd-2'],
      ['db.1', 1, 'driver.0', 'cmd-1'],
    ]);
    expect(lab.asked().filter((line) => line.startsWith('command.start'))).toHaveLength(2);
    // Durable before its agent is asked.
    expect(lab.lab.kept.slice(0, 2)).toEqual([`asked for ${a.slice(0, 4)}`, `started ${a.slice(0, 4)}`]);
  });

  test('tells its end and the end of what it wrote, to whoever asks again', async () => {
    const lab = await DriveLab.start();
    const command = await lab.start();
    const ended = lab.ask('ended', { command });
    const long = 'x'.repeat(LIMITS.commandOutput.value + 10);
    await lab.end(command, { exit: { how: 'exited', code: 4 }, duration: 2 }, long);
    const end = (await ended) as { stdout: { size: number; tail: string } };
    expect(end).toMatchObject({
      exit: { how: 'exited', code: 4 },
      duration: 2,
      stderr: { size: 0, tail: '' },
    });
    expect(end.stdout.size).toBe(long.length);
    expect(Buffer.from(end.stdout.tail, 'base64')).toHaveLength(LIMITS.commandOutput.value);
    expect(await lab.ask('ended', { command })).toEqual(end);
  });

  test('decides nothing: a test passes whose commands fail', async () => {
    const lab = await DriveLab.start();
    const command = await lab.start();
    await lab.end(command, { exit: { how: 'exited', code: 1 } });
    await lab.over();
    expect(lab.lab.model).toMatchObject({ status: 'PASS', commands: [{ end: { exit: { code: 1 } } }] });
  });

  test('is stopped and signalled, and not once it has ended', async () => {
    const lab = await DriveLab.start();
    const command = await lab.start();
    await lab.ask('stop', { command });
    await lab.ask('kill', { command, signal: 'HUP' });
    await lab.end(command, { stopped: 'cancelled' });
    await lab.ask('stop', { command });
    const short = command.slice(0, 4);
    expect(lab.asked()).toEqual([
      `command.start ${short}`,
      `member.stop ${short} cancelled`,
      `command.kill ${short}`,
    ]);
  });

  test('ends with the driver that started it, before its test goes on to end', async () => {
    const other = role('peer');
    const lab = await DriveLab.start({}, [...ROLES, other]);
    const command = await lab.start();
    await lab.lab.end('driver.0', 0);
    expect(lab.asked().at(-1)).toBe(`member.stop ${command.slice(0, 4)} test-over`);
    expect(lab.lab.model.over).toBeUndefined();
    await lab.end(command, { stopped: 'test-over' });
    await lab.lab.end('peer.0', 0);
    await lab.lab.endStopped('db.1');
    expect(await rejection(lab.ask('start', { command: 'true' }))).toBeDefined();
  });

  test('is not started when the test is over, nor before its machine is ready, nor too many times', async () => {
    const staged = Promise.withResolvers<Record<string, never>>();
    const lab = await DriveLab.start({
      agents: { n2: { handlers: { 'member.prepare': () => staged.promise } } },
    });
    expect(await rejection(lab.ask('start', { command: 'true' }))).toMatchObject({
      message: expect.stringMatching(/has not started yet/) as string,
    });
    staged.resolve({});
    await settled();
    await lab.lab.end('driver.0', 1);
    await lab.lab.clock.pass(10_000);
    expect(await rejection(lab.ask('start', { command: 'true' }))).toMatchObject({ code: 'SPACE_CLOSED' });
  });

  test('that is still being started when its driver ends is stopped once it has started', async () => {
    const starting = Promise.withResolvers<Record<string, never>>();
    const handlers = { 'command.start': () => starting.promise };
    const lab = await DriveLab.start({ agents: { n1: { handlers } } });
    const started = lab.ask('start', { command: 'sleep 1000' });
    await settled();
    await lab.lab.end('driver.0', 0);
    const [{ id: command } = { id: '' }] = lab.lab.model.commands;
    const short = command.slice(0, 4);
    expect(lab.asked()).toEqual([
      `command.start ${short}`,
      expect.stringMatching(/^member\.stop .* test-over$/),
    ]);
    starting.resolve({});
    await started;
    await settled();
    expect(lab.asked().at(-1)).toBe(`member.stop ${short} test-over`);
    await lab.end(command, { stopped: 'test-over' });
    for (const name of ['db.0', 'db.1'])
      await lab.lab.end(name, { how: 'signalled', signal: 'SIGTERM' }, { stopped: 'test-over' });
    await lab.lab.over;
    expect(lab.lab.leftovers).toEqual(NOTHING);
  });

  test('that its agent cannot start is told, and does not keep the test', async () => {
    const handlers = {
      'command.start': () => {
        throw new Error('no room');
      },
    };
    const lab = await DriveLab.start({ agents: { n1: { handlers } } });
    expect(await rejection(lab.ask('start', { command: 'true' }))).toMatchObject({
      message: expect.stringMatching(/no room/) as string,
    });
    await lab.over();
    expect(lab.lab.model).toMatchObject({
      status: 'PASS',
      commands: [{ lost: 'could not be started: no room' }],
    });
  });

  test('shows no secret in the report, and its order is not kept once it runs', async () => {
    const lab = await DriveLab.start({ hidden: ['hunter22'] });
    await lab.ask('start', { command: 'login hunter22', env: { PASSWORD: 'hunter22' } });
    expect(JSON.stringify(lab.lab.model.commands)).not.toContain('hunter22');
    expect(lab.lab.model.commands[0]).toMatchObject({ title: 'login ********', line: 'login ********' });
  });

  test('of many, agents keep the last; what became of the first is known all the same', async () => {
    const lab = await DriveLab.start();
    const ids: string[] = [];
    for (let n = 0; n < 203; n += 1) {
      const command = await lab.start('true');
      ids.push(command);
      await lab.end(command, { exit: { how: 'exited', code: n % 256 } });
    }
    const forgotten = lab.lab.agent('db.0').asked.filter((line) => line.startsWith('member.forget'));
    expect(forgotten).toEqual(ids.slice(0, 3).map((command) => `member.forget ${command.slice(0, 4)}`));
    expect(await lab.ask('ended', { command: ids[1] })).toMatchObject({ exit: { code: 1 } });
    await lab.ask('stop', { command: ids[0] });
    expect(await lab.start('true', 'db.0', 'later-request')).toBe(
      await lab.start('true', 'db.0', 'later-request'),
    );
  });
});

describe('a driver', () => {
  test('is the only one that may ask, and only for members of its test', async () => {
    const lab = await DriveLab.start();
    expect(await rejection(lab.ask('facts', {}, { by: 'db.1' }))).toMatchObject({ code: 'NOT_A_DRIVER' });
    expect(await rejection(lab.ask('facts', {}, { on: 'db.2' }))).toMatchObject({ code: 'NO_SUCH_MEMBER' });
    const command = await lab.start();
    expect(await rejection(lab.ask('ended', { command }, { on: 'db.1' }))).toMatchObject({
      code: 'NO_SUCH_COMMAND',
    });
    expect(await lab.ask('facts')).toMatchObject({ node: 'n1', boot: 'boot-1' });
  });

  test('waits on a machine for so long at most', async () => {
    const lab = await DriveLab.start();
    const waiting = rejection(lab.ask('wait', { for: { is: 'port', port: 80 }, timeout: 5 }));
    await settled();
    await lab.lab.clock.pass(5000);
    expect(await waiting).toMatchObject({
      code: 'TIMED_OUT',
      message: 'db.0 on n1: nothing listened on localhost port 80 within 5 s',
    });
    expect(lab.lab.leftovers.clock).toBeGreaterThan(0);
  });

  test('reboots the machine of another, and is answered when its next incarnation is there', async () => {
    const lab = await DriveLab.start();
    const answer = lab.ask('reboot', { timeout: 60 }, { request: 'reboot-1' });
    await eventually(() => lab.asked().some((line) => line.startsWith('member.reboot')));
    const agent = lab.lab.agent('db.0');
    await agent.session.call('member.rebooting', {
      member: lab.lab.id('db.0'),
      incarnation: 0,
      timeout: 60,
      byScript: false,
    });
    await agent.cut();
    await lab.lab.clock.pass(40_000);
    const back = await lab.lab.connect({
      name: 'n1',
      boot: 'boot-2',
      members: [{ member: lab.lab.id('db.0'), master: 'f'.repeat(32), state: 'running', incarnation: 1 }],
    });
    expect(await answer).toEqual({ boot: 'boot-2', away: 40 });
    // Asked again, it is the reboot that was.
    expect(await lab.ask('reboot', { timeout: 60 }, { request: 'reboot-1' })).toEqual({
      boot: 'boot-2',
      away: 40,
    });
    expect(back.asked.filter((line) => line.startsWith('member.reboot'))).toEqual([]);
    expect(await rejection(lab.ask('reboot', {}, { on: 'driver.0' }))).toMatchObject({
      code: 'CANNOT_REBOOT',
      message: 'n3 is not rebooted for driver.0: the driver itself stands on it',
    });
  });

  test('is told when a machine does not come back from its reboot', async () => {
    const lab = await DriveLab.start({ grace: 10 });
    const answer = rejection(lab.ask('reboot', { timeout: 60 }));
    await eventually(() => lab.asked().some((line) => line.startsWith('member.reboot')));
    const agent = lab.lab.agent('db.0');
    await agent.session.call('member.rebooting', {
      member: lab.lab.id('db.0'),
      incarnation: 0,
      timeout: 60,
      byScript: false,
    });
    await agent.cut();
    await lab.lab.clock.pass(60_000);
    expect(await answer).toMatchObject({
      code: 'NODE_LOST',
      message: expect.stringMatching(/did not come back from its reboot/) as string,
    });
  });
});

describe('while the test is paused at a failure of another script', () => {
  const operator = (lab: DriveLab, args: object) => {
    const asked = { request: `request-${++requests}`, on: 'db.0', args: args as never };
    return lab.lab.attempt.operate('wait', asked, new AbortController().signal);
  };
  const port = { is: 'port', port: 80 };

  test("a driver's wait stands still, and an operator's does not", async () => {
    const lab = await DriveLab.start({ pause: 900, linger: 1000 }, [...ROLES, role('bad')]);
    const ended: string[] = [];
    const driver = rejection(lab.ask('wait', { for: port, timeout: 30 }));
    void driver.then(() => ended.push('driver'));
    await lab.lab.clock.pass(20_000);
    await lab.lab.end('bad.0', 1);
    const looks = rejection(operator(lab, { for: port, timeout: 5 }));
    await lab.lab.clock.pass(5000);
    expect(await looks).toMatchObject({ code: 'TIMED_OUT' });
    await lab.lab.clock.pass(500_000);
    expect(ended).toEqual([]);
    await lab.lab.attempt.pausing.decide({ how: 'continue', by: undefined, request: 'r'.repeat(32) });
    await lab.lab.clock.pass(9999);
    expect(ended).toEqual([]);
    await lab.lab.clock.pass(1);
    expect(await driver).toMatchObject({ code: 'TIMED_OUT' });
    lab.lab.attempt.cancel('enough');
    await settled();
    await lab.lab.endStopped('db.0', 'db.1', 'driver.0');
    await lab.lab.over;
    expect(lab.lab.leftovers).toEqual(NOTHING);
  });

  test('the agent of a command is told how long it may run on; one that is started then has the rest of the pause, too', async () => {
    const told: [string, number][] = [];
    const handlers = {
      'command.start': ({ spec }: { spec: { member: string; timeout: number } }) => {
        told.push(['start', spec.timeout]);
        return {};
      },
      'member.extended': ({ remaining }: { remaining: number }) => {
        told.push(['extended', Math.round(remaining)]);
        return {};
      },
    };
    const agents = { n1: { handlers } };
    const lab = await DriveLab.start({ pause: 900, linger: 1000, agents }, [...ROLES, role('bad')]);
    await lab.start('sleep 1000');
    await lab.lab.clock.pass(20_000);
    told.length = 0;
    await lab.lab.end('bad.0', 1);
    // Of the driven member, and of its command.
    expect(told).toEqual([
      ['extended', 940],
      ['extended', 940],
    ]);
    await lab.lab.clock.pass(100_000);
    await lab.start('sleep 2000');
    expect(told.at(-1)).toEqual(['start', 840]);
    told.length = 0;
    await lab.lab.attempt.pausing.decide({ how: 'continue', by: undefined, request: 'r'.repeat(32) });
    await settled();
    expect(told.slice(0, 2)).toEqual([
      ['extended', 40],
      ['extended', 40],
    ]);
    lab.lab.attempt.cancel('enough');
    await settled();
    for (const { id } of lab.lab.model.commands) await lab.end(id, { stopped: 'cancelled' });
    await lab.lab.endStopped('db.0', 'db.1', 'driver.0');
    await lab.lab.over;
  });
});
