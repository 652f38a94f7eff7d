/** A whole agent with real scripts, connected to a master that a test plays. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bootId } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import { eventually, MemorySource, rejection, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { MASTER, stage } from './fake-master.ts';
import { place, run, script, stdout } from './place.ts';

describe('hello', () => {
  test('says who the agent is, what its machine is like, and that it has nothing yet', async () => {
    const { base, master, start } = await place();
    const agent = await start({ address: '10.0.0.9' });
    await agent.registered;
    expect(master.hellos).toEqual([
      {
        protocol: { major: 1, minor: expect.any(Number) as number },
        software: 'tutti 0.0.0',
        agent: readFileSync(join(base, 'state/agent.id'), 'utf8').trim(),
        process: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        boot: bootId(),
        name: 'n1',
        labels: { rack: 'a' },
        facts: expect.objectContaining({ arch: process.arch }) as object,
        address: '10.0.0.9',
        members: [],
        waits: [],
      },
    ]);
    await eventually(() => {
      expect(agent.debugState()).toMatchObject({ link: 'open', shipping: 0, asking: 0, members: {} });
    });
  });

  test('says after a lost connection what runs, under the same identity and process', async () => {
    const { master, start } = await place();
    await start();
    const spec = script('echo up; sleep 1000');
    await run(master, spec);
    await eventually(() => stdout(master) === 'up\n');
    master.cut();
    await master.session(2);
    const [first, second] = master.hellos;
    expect(second).toMatchObject({
      agent: first!.agent,
      process: first!.process,
      members: [{ member: spec.member, master: MASTER, state: 'running', incarnation: 0 }],
    });
  });

  test('of the next agent on the same state has the same identity, another process, and the members taken over', async () => {
    const { master, start } = await place();
    const before = await start();
    const spec = script('echo up; sleep 1000');
    await run(master, spec);
    await eventually(() => stdout(master) === 'up\n');
    await before.close({ kill: false });
    await start();
    await master.session(2);
    const [first, second] = master.hellos;
    expect(second!.agent).toBe(first!.agent);
    expect(second!.process).not.toBe(first!.process);
    expect(second!.members).toEqual([
      { member: spec.member, master: MASTER, state: 'running', incarnation: 0 },
    ]);
  });

  test('names the requests that scripts still wait for', async () => {
    const { master, start } = await place();
    const asked: string[] = [];
    master.handlers['sync.barrier'] = ({ request }) => {
      asked.push(request);
      return new Promise(() => {});
    };
    await start();
    const call = JSON.stringify({ id: 'request-1', call: 'barrier', args: { name: 'ready' } });
    const talk = `require('net').connect(process.env.TUTTI_SOCKET).write(${JSON.stringify(`${call}\n`)})`;
    await run(master, script(`exec '${process.execPath}' -e ${quote(talk)}`));
    await eventually(() => asked.length === 1);
    master.cut();
    await master.session(2);
    expect(master.hellos[1]!.waits).toEqual(['request-1']);
    // It is repeated on the new session by itself.
    await eventually(() => asked.length === 2);
    expect(asked).toEqual(['request-1', 'request-1']);
  });

  test('is no answer to callers of an agent that is stopped: they find their connection closed, and ask the next one', async () => {
    const { master, start } = await place();
    const asked = Promise.withResolvers<void>();
    master.handlers['sync.barrier'] = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const agent = await start();
    const call = JSON.stringify({ id: 'request-1', call: 'barrier', args: { name: 'ready' } });
    const talk = `
      const socket = require('net').connect(process.env.TUTTI_SOCKET);
      socket.write(${JSON.stringify(`${call}\n`)});
      socket.on('data', (text) => process.stdout.write('answer: ' + text));
      socket.on('close', () => console.log('closed'));`;
    await run(master, script(`'${process.execPath}' -e ${quote(talk)}; sleep 1000`));
    await asked.promise;
    await agent.close({ kill: false });
    await start();
    await eventually(() => stdout(master) !== '');
    expect(stdout(master)).toBe('closed\n');
  });
});

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

describe('a member', () => {
  test('is prepared, started, shipped, told to have ended, and forgotten without a trace', async () => {
    const { base, master, start } = await place();
    const agent = await start();
    const spec = script('echo out; echo err >&2; echo kept >"$TUTTI_OUT/artifact"; exit 3');
    await run(master, spec);
    await eventually(() => master.copies.collected.length === 1);
    expect(master.copies.ended).toEqual([
      { member: spec.member, end: expect.objectContaining({ exit: { how: 'exited', code: 3 } }) as object },
    ]);
    expect(stdout(master)).toBe('out\n');
    expect(master.copies.log('stderr').bytes.toString()).toBe('err\n');
    expect(master.copies.artifacts.get('artifact')?.bytes.toString()).toBe('kept\n');
    await (await master.session()).call('member.forget', { member: spec.member });
    expect(readdirSync(join(base, 'state/members'))).toEqual([]);
    expect(agent.debugState()).toMatchObject({ shipping: 0, members: {} });
  });

  test('of an agent whose state directory is a relative path runs like any other', async () => {
    const { base, master, start } = await place();
    await start({ state: relative(process.cwd(), join(base, 'state')) });
    await run(master, script('echo here'));
    await eventually(() => master.copies.collected.length === 1);
    expect(stdout(master)).toBe('here\n');
  });

  test('that is asked to start twice starts, and is shipped, once', async () => {
    const { master, start } = await place();
    await start();
    const spec = script('echo once');
    await run(master, spec);
    await run(master, spec);
    await eventually(() => master.copies.collected.length === 1);
    expect(stdout(master)).toBe('once\n');
    expect(master.copies.ended).toHaveLength(1);
  });

  test('is stopped for the reason given', async () => {
    const { master, start } = await place();
    await start();
    const spec = script('echo up; sleep 1000');
    await run(master, spec);
    await eventually(() => stdout(master) === 'up\n');
    await (await master.session()).call('member.stop', { member: spec.member, reason: 'test-over' });
    await eventually(() => master.copies.ended.length === 1);
    expect(master.copies.ended[0]!.end).toMatchObject({ stopped: 'test-over', survivors: 0 });
  });

  test('that is forgotten while it runs is ended without being told of, and nothing of it stays open', async () => {
    const { base, master, start } = await place();
    const agent = await start();
    const spec = script('echo up; sleep 1000');
    await run(master, spec);
    await eventually(() => stdout(master) === 'up\n');
    const session = await master.session();
    await session.call('member.forget', { member: spec.member });
    expect(master.copies.ended).toEqual([]);
    expect(readdirSync(join(base, 'state/members'))).toEqual([]);
    await eventually(() => {
      expect(agent.debugState()).toMatchObject({ shipping: 0 });
      expect(session.debugState()).toMatchObject({ incoming: 0 });
    });
    // The connection is as it was.
    await session.call('node.probe', {});
    expect(master.sessions).toHaveLength(1);
  });

  test('that ends while there is no connection is told of on the next, with all it wrote', async () => {
    const { base, master, start } = await place();
    await start();
    const go = join(base, 'go');
    const spec = script(
      `echo before; while ! [ -e '${go}' ]; do sleep 0.01; done; echo after; : >'${go}.done'`,
    );
    await run(master, spec);
    await eventually(() => stdout(master) === 'before\n');
    master.cut();
    writeFileSync(go, '');
    await eventually(() => master.copies.collected.length === 1);
    expect(stdout(master)).toBe('before\nafter\n');
    expect(master.copies.ended.at(-1)!.end.logs).toContainEqual({
      source: 'stdout',
      incarnation: 0,
      length: 13,
    });
  });

  test('that this machine was never told to prepare cannot be started', async () => {
    const { master, start } = await place();
    await start();
    const session = await master.session();
    await expect(session.call('member.start', { member: MASTER })).rejects.toMatchObject({
      code: 'NO_SUCH_MEMBER',
    });
  });

  test('whose documents do not say what they should cannot be prepared, and the reason is told', async () => {
    const { master, start } = await place();
    await start();
    const session = await master.session();
    const spec = script('true');
    const order = {
      ...(await master.order(session, spec)),
      files: await stage(session, '[{"kind":"file"}]'),
    };
    await expect(session.call('member.prepare', { spec: order })).rejects.toMatchObject({
      code: 'BAD_PARAMS',
      message: expect.stringContaining('the list of files') as string,
    });
  });
});

describe('given up', () => {
  test('a member that the master does not want any more is ended and not shipped', async () => {
    const { master, start } = await place();
    const agent = await start();
    const spec = script('echo up; sleep 1000');
    await run(master, spec);
    await eventually(() => stdout(master) === 'up\n');
    master.giveUp = [spec.member];
    const before = master.copies.sinks.length;
    master.cut();
    await master.session(2);
    await eventually(() => {
      expect(agent.debugState()['members']).toEqual({ [spec.member]: 'ended' });
    });
    expect(master.copies.ended).toEqual([]);
    expect(master.copies.sinks).toHaveLength(before);
    await (await master.session(2)).call('member.forget', { member: spec.member });
    expect(agent.debugState()['members']).toEqual({});
  });

  test('a member whose attempt is over at the master costs no connection', async () => {
    const { master, log, start } = await place();
    await start();
    master.copies.refuse = () => {
      throw new TuttiError('NO_SUCH_MEMBER', 'its attempt is over');
    };
    await run(master, script('true'));
    const session = await master.session();
    await eventually(() => session.debugState().incoming === 0);
    for (let turn = 0; turn < 5; turn += 1) {
      await session.call('node.probe', {});
      await settled();
    }
    expect(master.sessions).toHaveLength(1);
    expect(log).toEqual([]);
  });
});

describe('streams', () => {
  test('a staged file is had once, and asked for no more', async () => {
    const { master, start } = await place();
    await start();
    const session = await master.session();
    const blob = await stage(session, 'contents');
    expect(await session.call('blob.missing', { blobs: [blob] })).toEqual({ missing: [] });
  });

  test('what a master has no business to send is refused', async () => {
    const { master, start } = await place();
    await start();
    const session = await master.session();
    const target = { to: 'log', member: MASTER, source: 'stdout', incarnation: 0 } as const;
    await expect(session.openStream(target, new MemorySource())).rejects.toMatchObject({
      code: 'BAD_PARAMS',
    });
  });
});

describe('an agent that is refused for good', () => {
  test('says so at once and does not come back: a wrong token', async () => {
    const { start } = await place();
    const agent = await start({ token: () => 'a guess' });
    expect(await rejection(agent.registered)).toMatchObject({ code: 'WRONG_TOKEN' });
    expect(await rejection(agent.refused)).toMatchObject({ code: 'WRONG_TOKEN' });
    expect(agent.debugState()).toMatchObject({ link: 'refused' });
  });

  test('a name that is in use', async () => {
    const { master, start } = await place();
    master.handlers.hello = () => {
      throw new TuttiError('NAME_IN_USE', 'n1 is another machine');
    };
    const agent = await start();
    expect(await rejection(agent.registered)).toMatchObject({
      code: 'NAME_IN_USE',
      message: 'n1 is another machine',
    });
  });

  test('superseded by a newer one, it leaves its members alone', async () => {
    const { master, start } = await place();
    const agent = await start();
    await agent.registered;
    const spec = script('echo up; sleep 1000');
    await run(master, spec);
    await eventually(() => stdout(master) === 'up\n');
    (await master.session()).close(new TuttiError('SUPERSEDED', 'n1 connected again'));
    expect(await rejection(agent.refused)).toMatchObject({ code: 'SUPERSEDED' });
    expect(agent.debugState()).toMatchObject({ link: 'refused', members: { [spec.member]: 'running' } });
    await agent.registered;
  });
});

describe('closing', () => {
  test('leaves members alone, unless it is told to end them', async () => {
    const { base, master, start } = await place();
    const spec = script("trap 'echo ended; exit' TERM; echo up; while :; do sleep 0.01; done");
    const dir = join(base, 'state/members', spec.member);
    const first = await start();
    await run(master, spec);
    await eventually(() => stdout(master) === 'up\n');
    await first.close({ kill: false });
    expect(existsSync(join(dir, 'status.0'))).toBe(false);
    const second = await start();
    await master.session(2);
    await second.close({ kill: true });
    expect(existsSync(join(dir, 'status.0'))).toBe(true);
    expect(readFileSync(join(dir, 'stdout.0'), 'utf8')).toBe('up\nended\n');
  });

  test('frees the state directory, which only one agent may use', async () => {
    const { start } = await place();
    const agent = await start();
    await expect(start()).rejects.toMatchObject({ code: 'STATE_IN_USE' });
    await agent.close({ kill: false });
    await start();
  });
});
