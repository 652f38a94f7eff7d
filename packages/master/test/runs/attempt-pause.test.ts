/** An attempt that stands still at its first failure: what goes on meanwhile, what does not, and how it ends. */
import { rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { triesAgain } from '../../src/runs/outcome.ts';
import { type AgentOptions, id } from '../lab.ts';
import { role } from './a-test.ts';
import { AttemptLab, type AttemptOptions, NOTHING } from './attempt-lab.ts';

const ROLES = [role('server'), role('client', 2)];
const ALL = ['server.0', 'client.0', 'client.1'];

/** With what the agents were told of time, and of what is to stand still: of which member, and what. */
interface Told {
  readonly extended: [string, number][];
  readonly frozen: [string, boolean][];
}
type PausedLab = AttemptLab & Told;

async function start(options: AttemptOptions = {}): Promise<PausedLab> {
  const noted: Told = { extended: [], frozen: [] };
  const handlers: NonNullable<AgentOptions['handlers']> = {
    'member.extended': ({ member, remaining }) => {
      noted.extended.push([member, remaining]);
      return {};
    },
    'member.freeze': ({ member, frozen }) => {
      noted.frozen.push([member, frozen]);
      return {};
    },
  };
  const agents = { n1: { handlers }, n2: { handlers }, n3: { handlers } };
  const lab = await AttemptLab.start(ROLES, { timeout: 60, linger: 10, pause: 900, agents, ...options });
  return Object.assign(lab, noted);
}

const decide = (lab: AttemptLab, how: 'continue' | 'retry' | 'abort', by?: string, request = id('e')) =>
  lab.attempt.pausing.decide({ how, by, request });

const stops = (lab: AttemptLab, name: string) =>
  lab.asked(name).filter((line) => line.startsWith('member.stop'));

/** Seconds that a member's agent was told that it has left, each time. */
function told(lab: PausedLab, name: string): number[] {
  return lab.extended.filter(([member]) => member === lab.id(name)).map(([, remaining]) => remaining);
}

/** Nothing was stopped, though this much more has passed than the test ever had. */
async function standsStill(lab: AttemptLab, seconds: number): Promise<void> {
  await lab.clock.pass(seconds * 1000);
  for (const name of ALL) expect(stops(lab, name)).toEqual([]);
  expect(lab.model.over).toBeUndefined();
  expect(lab.isOver).toBe(false);
}

describe('a test that fails', () => {
  test('pauses before anything is stopped; continued, it lingers and ends as if there had been no pause', async () => {
    const lab = await start();
    await lab.clock.pass(20_000);
    await lab.end('client.0', 1);
    expect(lab.model.pause).toMatchObject({ cause: 'client.0 on n2 exited with status 1' });
    await standsStill(lab, 800);
    await decide(lab, 'continue', 'ann@desk');
    expect(lab.model.pause).toMatchObject({ how: 'continue', by: 'ann@desk' });
    await lab.clock.pass(9999);
    expect(stops(lab, 'server.0')).toEqual([]);
    await lab.clock.pass(1);
    expect(stops(lab, 'server.0')).toEqual(['member.stop test-over']);
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model).toMatchObject({ status: 'FAIL', cause: 'client.0 on n2 exited with status 1' });
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('goes on by itself when nobody decides in time', async () => {
    const lab = await start({ pause: 30 });
    await lab.end('client.0', 1);
    await standsStill(lab, 29.9);
    await lab.clock.pass(100);
    expect(lab.model.pause).toMatchObject({ how: 'deadline' });
    expect(await rejection(decide(lab, 'retry'))).toMatchObject({
      code: 'NOT_PAUSED',
      message: 'test "throughput" is not paused any more: nobody decided within 30 s',
    });
    await lab.clock.pass(10_000);
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('has left, when it goes on, what it had left before; its agents are told of the pause, and of its end', async () => {
    const lab = await start({ linger: 1000 });
    await lab.clock.pass(20_000);
    await lab.end('client.0', 1);
    expect(told(lab, 'server.0')).toEqual([40 + 900]);
    await standsStill(lab, 500);
    await decide(lab, 'continue');
    expect(told(lab, 'server.0')).toEqual([40 + 900, 40]);
    // Of one that has ended nothing is timed.
    expect(told(lab, 'client.0')).toEqual([]);
    await lab.clock.pass(39_999);
    expect(lab.model.trouble).toBeUndefined();
    await lab.clock.pass(1);
    expect(lab.model.trouble?.cause).toMatch(/^timed out after 60 s/);
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('is given more time in the pause, and has it afterwards', async () => {
    const lab = await start({ linger: 1000 });
    await lab.end('client.0', 1);
    const { session } = lab.agent('server.0');
    const member = lab.id('server.0');
    await session.call('member.extend', { member, request: 'request-1', seconds: 30 });
    expect(told(lab, 'server.0').at(-1)).toBe(90 + 900);
    await decide(lab, 'continue');
    expect(told(lab, 'server.0').at(-1)).toBe(90);
    await lab.clock.pass(89_999);
    expect(lab.model.trouble).toBeUndefined();
    lab.attempt.cancel('enough');
    await settled();
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('tried again it ends at once as it is, and is tried beyond its retries', async () => {
    const lab = await start();
    await lab.end('client.0', 1);
    await decide(lab, 'retry');
    await settled();
    expect(stops(lab, 'server.0')).toEqual(['member.stop test-over']);
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model.status).toBe('FAIL');
    expect(triesAgain(lab.test)).toBe(true);
  });

  test('ends with the run that is cancelled meanwhile', async () => {
    const lab = await start();
    await lab.end('client.0', 1);
    lab.attempt.cancel('enough');
    await settled();
    expect(lab.model.pause).toMatchObject({ how: 'cancelled' });
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
    expect(lab.model).toMatchObject({ status: 'INTERRUPTED', cause: 'enough' });
    expect(lab.leftovers).toEqual(NOTHING);
  });

  test('loses a machine as ever, and stays paused', async () => {
    const lab = await start({ grace: 30 });
    await lab.end('client.0', 1);
    await lab.agent('server.0').cut();
    await lab.clock.pass(30_000);
    expect(lab.model.members[0]).toMatchObject({ state: 'ended', verdict: { status: 'ERROR' } });
    expect(lab.model.pause?.ended).toBeUndefined();
    await decide(lab, 'continue');
    await settled();
    await lab.endStopped('client.1');
    await lab.over;
    expect(lab.model.status).toBe('ERROR');
  });
});

test('a time limit pauses too, with the wait graph of that moment, and then ends the test by it', async () => {
  const lab = await start();
  await lab.clock.pass(60_000);
  expect(lab.model.pause?.cause).toBe(
    'timed out after 60 s: server.0 on n1, client.0 on n2, client.1 on n3 still running',
  );
  await standsStill(lab, 100);
  expect(told(lab, 'server.0')).toEqual([900]);
  await decide(lab, 'continue');
  await settled();
  expect(stops(lab, 'server.0')).toEqual(['member.stop timeout']);
  await lab.endStopped(...ALL);
  await lab.over;
  expect(lab.model).toMatchObject({ status: 'INTERRUPTED', cause: lab.model.pause?.cause });
});

test('a barrier outlasts a pause that is longer than the rest of the test, and gives up when its own rest is over', async () => {
  const lab = await start({ linger: 1000 });
  const wait = (name: string, request: string, args: object) =>
    rejection(
      lab.agent(name).session.call('sync.barrier', {
        ...{ member: lab.id(name), request, at: lab.clock.monotonicMs() },
        args: { name: request, count: 2, ...args },
      }),
    );
  const ended: string[] = [];
  const note = (name: string, waiting: Promise<unknown>) => void waiting.then(() => ended.push(name));
  note('own', wait('server.0', 'own-limit', { timeout: 30 }));
  note('test', wait('client.1', 'no-limit', {}));
  await lab.clock.pass(20_000);
  await lab.end('client.0', 1);
  await lab.clock.pass(500_000);
  note('late', wait('server.0', 'late-limit', { timeout: 15 }));
  await lab.clock.pass(300_000);
  expect(ended).toEqual([]);
  await decide(lab, 'continue');
  await lab.clock.pass(9999);
  expect(ended).toEqual([]);
  await lab.clock.pass(1);
  expect(ended).toEqual(['own']);
  await lab.clock.pass(5000);
  expect(ended).toEqual(['own', 'late']);
  await lab.clock.pass(22_999);
  expect(ended).toEqual(['own', 'late']);
  await lab.clock.pass(1);
  expect(ended).toEqual(['own', 'late', 'test']);
  lab.attempt.cancel('enough');
  await settled();
  await lab.endStopped('server.0', 'client.1');
  await lab.over;
  expect(lab.leftovers).toEqual(NOTHING);
});

test('who waits for the one that failed goes on waiting in the pause, and is told when it is over', async () => {
  const lab = await start();
  let broken: unknown;
  const waiting = rejection(
    lab.agent('server.0').session.call('sync.barrier', {
      ...{ member: lab.id('server.0'), request: 'request-1', at: lab.clock.monotonicMs() },
      args: { name: 'done' },
    }),
  );
  void waiting.then((error) => (broken = error));
  await settled();
  await lab.end('client.0', 1);
  // Another one that ends meanwhile is waited for as well.
  await lab.end('client.1', 0);
  await lab.clock.pass(100_000);
  expect(broken).toBeUndefined();
  await decide(lab, 'continue');
  expect(await waiting).toMatchObject({
    code: 'BARRIER_BROKEN',
    message: expect.stringContaining('client.0 on n2: exited with status 1') as string,
  });
  await lab.end('server.0', 1);
  await lab.over;
  expect(lab.model).toMatchObject({ status: 'FAIL', cause: 'client.0 on n2 exited with status 1' });
  expect(lab.model.members[0]?.verdict).toMatchObject({ becauseOf: 'client.0' });
  expect(lab.leftovers).toEqual(NOTHING);
});

describe('what is no failure to look at does not pause', () => {
  test.each([
    ['one that is expected', { expect: 'fail' as const }, 1],
    ['a script that skips', {}, 77],
  ])('%s', async (_what, options, code) => {
    const lab = await start({ ...options, linger: 0 });
    await lab.end('client.0', code);
    await lab.clock.pass(0);
    expect(lab.model.pause).toBeUndefined();
    expect(lab.model.over).toBe('test-over');
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('a member that is not essential', async () => {
    const lab = await AttemptLab.start([role('server'), { ...role('client'), essential: false }], {
      pause: 900,
    });
    await lab.end('client.0', 1);
    expect(lab.model.pause).toBeUndefined();
    await lab.end('server.0', 0);
    await lab.over;
    expect(lab.model.status).toBe('PASS');
  });

  test('a test whose run does not ask for it', async () => {
    const lab = await AttemptLab.start(ROLES, { linger: 0 });
    await lab.end('client.0', 1);
    await lab.clock.pass(0);
    expect(lab.model.pause).toBeUndefined();
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('but an ERROR does, where a failure was expected', async () => {
    const lab = await start({ expect: 'fail', linger: 100 });
    await lab.end('client.0', 1);
    await lab.clock.pass(40_000);
    await lab.end('server.0', 99);
    expect(lab.model.pause).toMatchObject({ cause: 'client.0 on n2 exited with status 1' });
    await standsStill2(lab);
    // What was left of the linger is left of it.
    await decide(lab, 'continue');
    await settled();
    await lab.endStopped('client.1');
    await lab.over;
    expect(lab.model.status).toBe('ERROR');
  });

  async function standsStill2(lab: AttemptLab): Promise<void> {
    await lab.clock.pass(300_000);
    expect(stops(lab, 'client.1')).toEqual([]);
  }
});

describe('a decision', () => {
  test('stands; asked for again it is the same, another one is told so', async () => {
    const lab = await start();
    await lab.end('client.0', 1);
    await decide(lab, 'continue', 'ann@desk', id('1'));
    await decide(lab, 'continue', 'ann@desk', id('1'));
    expect(await rejection(decide(lab, 'retry', 'bob@desk', id('2')))).toMatchObject({
      code: 'NOT_PAUSED',
      message: 'test "throughput" is not paused any more: ann@desk had it go on',
    });
    await lab.clock.pass(10_000);
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('needs a pause', async () => {
    const lab = await start();
    expect(await rejection(decide(lab, 'continue'))).toMatchObject({
      code: 'NOT_PAUSED',
      message: 'test "throughput" is not paused',
    });
    lab.attempt.cancel('enough');
    await settled();
    await lab.endStopped(...ALL);
    await lab.over;
  });
});

describe('a member that is frozen', () => {
  const freeze = (lab: PausedLab, name: string, frozen = true) =>
    lab.attempt.pausing.freeze(name, frozen, new AbortController().signal);
  const asked = (lab: PausedLab, name: string) =>
    lab.frozen.filter(([member]) => member === lab.id(name)).map(([, frozen]) => frozen);

  test('is frozen in the pause only', async () => {
    const lab = await start();
    expect(await rejection(freeze(lab, 'server.0'))).toMatchObject({ code: 'NOT_PAUSED' });
    await lab.end('client.0', 1);
    await freeze(lab, 'server.0');
    expect(lab.model.pause?.frozen).toEqual(['server.0']);
    await freeze(lab, 'server.0', false);
    expect(lab.model.pause?.frozen).toEqual([]);
    expect(asked(lab, 'server.0')).toEqual([true, false]);
    expect(await rejection(freeze(lab, 'server.7'))).toMatchObject({ code: 'NO_SUCH_MEMBER' });
    await decide(lab, 'retry');
    await settled();
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('goes on when the pause ends, however that is', async () => {
    const lab = await start({ pause: 20 });
    await lab.end('client.0', 1);
    await freeze(lab, 'server.0');
    await lab.clock.pass(20_000);
    expect(asked(lab, 'server.0')).toEqual([true, false]);
    expect(lab.model.pause?.frozen).toEqual([]);
    await lab.clock.pass(10_000);
    await lab.endStopped('server.0', 'client.1');
    await lab.over;
  });

  test('whose node is away is not waited for long, and goes on when it is back and the pause is over', async () => {
    const lab = await start({ grace: 3600 });
    await lab.end('client.0', 1);
    await lab.agent('server.0').cut();
    const late = rejection(freeze(lab, 'server.0'));
    await lab.clock.pass(30_000);
    expect(await late).toMatchObject({ code: 'NOT_CONNECTED' });
    await decide(lab, 'continue');
    expect(lab.model.pause?.frozen).toEqual(['server.0']);
    lab.attempt.endGrace();
    await settled();
    await lab.clock.pass(10_000);
    await lab.endStopped('client.1');
    await lab.over;
    expect(lab.leftovers).toEqual(NOTHING);
  });
});
