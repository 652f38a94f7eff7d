/** What a whole agent does with its machine: reboots, time, a full disk, a master that stays away. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CallParams, MemberSpec } from '@tutti/protocol';
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { ask } from '../members/ask.ts';
import { killAllWith } from '../members/lab.ts';
import { type FakeMaster, MASTER } from './fake-master.ts';
import { type Place, place, run, script, stdout } from './place.ts';

/** Says its incarnation and where its socket is. */
const stays = (more = '') => script(`echo "$TUTTI_REBOOT_COUNT $TUTTI_SOCKET"; ${more} exec sleep 1000`);

async function socketOf(master: FakeMaster): Promise<string> {
  const line = await eventually(() => stdout(master).endsWith('\n') && stdout(master));
  return String(line).trim().split(' ')[1] ?? '';
}

/** Starts an agent whose machine may be rebooted, by a command that leaves a sign, and a member on it. */
async function rebootable({ base, start, master }: Place, spec: MemberSpec) {
  const down = join(base, 'down');
  const options = { bootId: 'boot-0', rebootCommands: [`: >'${down}'`] };
  const agent = await start(options);
  await run(master, spec);
  return { agent, down, socket: await socketOf(master) };
}

describe('a reboot', () => {
  test('is told to the master before anything is stopped, and all incarnations are shipped', async () => {
    const here = await place();
    const { base, master, start } = here;
    const told: [CallParams<'member.rebooting'>, boolean][] = [];
    const spec = stays('[ "$TUTTI_REBOOT_COUNT" = 0 ] || exit 4;');
    master.handlers['member.rebooting'] = (params) => {
      told.push([params, existsSync(join(base, 'state/members', spec.member, 'status.0'))]);
      return {};
    };
    const { agent, down, socket } = await rebootable(here, spec);
    void ask(socket, { id: 'request-1', call: 'reboot', args: { timeout: 90 } }).catch(() => {});
    await eventually(() => existsSync(down));
    const plan = { timeout: 90, byScript: false };
    expect(told).toEqual([[{ member: spec.member, incarnation: 0, ...plan }, false]]);
    master.cut();
    await master.session(2);
    expect(master.hellos[1]!.members).toEqual([
      { member: spec.member, master: MASTER, state: 'running', incarnation: 0, rebooting: plan },
    ]);
    await agent.close({ kill: false });
    await killAllWith(spec.member);
    await start({ bootId: 'boot-1' });
    await eventually(() => master.copies.collected.length === 1);
    expect(master.hellos.at(-1)!).toMatchObject({ boot: 'boot-1', members: [{ incarnation: 1 }] });
    expect(master.copies.ended.at(-1)!.end.exit).toEqual({ how: 'exited', code: 4 });
    expect(master.copies.log('stdout', 0).bytes.toString()).toMatch(/^0 /);
    expect(master.copies.log('stdout', 1).bytes.toString()).toMatch(/^1 /);
    expect(master.copies.log('events', 0).bytes.toString()).toContain('"event":"reboot"');
  });

  test('begins without a master that cannot be reached', async () => {
    const here = await place();
    const { master } = here;
    const { down, socket } = await rebootable(here, stays());
    master.handlers.hello = () => new Promise(() => {});
    master.cut();
    void ask(socket, { id: 'request-1', call: 'reboot' }).catch(() => {});
    await eventually(() => existsSync(down));
    expect(master.sessions).toHaveLength(1);
  });

  test('can be asked for by the master', async () => {
    const here = await place();
    const { master } = here;
    const spec = stays();
    master.handlers['member.rebooting'] = () => ({});
    const { agent, down } = await rebootable(here, spec);
    const session = await master.session();
    await session.call('member.reboot', { member: spec.member, incarnation: 0, timeout: 60 });
    await eventually(() => existsSync(down));
    expect(agent.debugState()).toMatchObject({ members: { [spec.member]: 'rebooting' } });
  });

  test('of another member is the master’s to arrange, and its refusal is the script’s', async () => {
    const here = await place();
    const { master, start } = here;
    const asked: CallParams<'member.rebootOther'>[] = [];
    master.handlers['member.rebootOther'] = (params) => {
      asked.push(params);
      return {};
    };
    await start();
    const spec = stays();
    await run(master, spec);
    const socket = await socketOf(master);
    const say = (id: string, args: object) => ask(socket, { id, call: 'reboot', args });
    expect(await say('request-1', { member: 'client.1' })).toEqual({ id: 'request-1', result: {} });
    expect(asked).toEqual([{ member: spec.member, request: 'request-1', other: 'client.1', timeout: 600 }]);
    expect(await say('request-2', { member: 'client.7' })).toMatchObject({
      error: {
        code: 'BAD_PARAMS',
        message: 'reboot: member: the test has no "client.7"; did you mean "client.1"?',
      },
    });
    expect(await say('request-3', { member: 'client.1', byScript: true })).toMatchObject({
      error: { code: 'BAD_PARAMS' },
    });
  });
});

test('more time is asked for again on the next connection, as the same request', async () => {
  const { master, start } = await place();
  const asked: CallParams<'member.extend'>[] = [];
  master.handlers['member.extend'] = (params) => {
    asked.push(params);
    return asked.length === 1 ? new Promise(() => {}) : { remaining: 71.5 };
  };
  await start();
  const spec = stays();
  await run(master, spec);
  const answer = ask(await socketOf(master), { id: 'request-1', call: 'extend', args: { seconds: 60 } });
  await eventually(() => asked.length === 1);
  master.cut();
  expect(await answer).toEqual({ id: 'request-1', result: { remaining: 71.5 } });
  const call = { member: spec.member, request: 'request-1', seconds: 60 };
  expect(asked).toEqual([call, call]);
});

describe('a master that stays away', () => {
  test('has its members stopped, and learns of their end when it is back', async () => {
    const { master, start } = await place();
    const agent = await start({ limits: { orphan: 0.2 } });
    const spec = stays();
    await run(master, spec);
    await socketOf(master);
    master.handlers.hello = () => new Promise(() => {});
    master.cut();
    await eventually(() => {
      expect(agent.debugState()['members']).toEqual({ [spec.member]: 'ended' });
    });
    delete master.handlers.hello;
    master.cut();
    await eventually(() => master.copies.collected.length === 1);
    expect(master.copies.ended.at(-1)!.end).toMatchObject({ stopped: 'orphaned', survivors: 0 });
  });

  test('has what its members left removed in the end, once they have been stopped', async () => {
    const { base, master, start } = await place();
    const agent = await start({ limits: { orphan: 0.2, keepFor: 0.6 } });
    const [ended, runs] = [script('exit 0'), stays()];
    master.handlers['member.collected'] = () => new Promise(() => {});
    await run(master, ended);
    await eventually(() => master.copies.ended.length === 1);
    await run(master, runs);
    master.handlers.hello = () => new Promise(() => {});
    master.cut();
    await eventually(() => readdirSync(join(base, 'state/members')).length === 0);
    expect(agent.debugState()['members']).toEqual({});
  });
});

describe('a disk that is nearly full', () => {
  test('ends what runs, as the lab’s fault', async () => {
    const { master, start } = await place();
    const before = await start();
    const spec = stays();
    await run(master, spec);
    await socketOf(master);
    await before.close({ kill: false });
    await start({ limits: { minFree: 1.1 } });
    await eventually(() => master.copies.ended.length === 1);
    expect(master.copies.ended[0]!.end).toMatchObject({ stopped: 'disk-full' });
  });

  test('lets no member be made, and the refusal names the path', async () => {
    const { base, master, start } = await place();
    await start({ limits: { minFree: 1.1 } });
    const spec = script('true');
    await expect(run(master, spec)).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining(join(base, 'state/members', spec.member)) as string,
    });
  });
});
