import { getEventListeners } from 'node:events';
import { join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { eventually, FakeClock, rejection, settled } from '@tutti/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MasterClient } from '../src/master-client.ts';
import { connect, FakeMaster, ID, TOKEN, temporaryDirectory } from './fake-master.ts';

const nodes = { nodes: [], more: false };

describe('connecting', () => {
  test('a client says hello with its version, and calls are then answered', async () => {
    const master = await FakeMaster.open();
    const said: unknown[] = [];
    master.handlers['client.hello'] = (params) => {
      said.push(params);
      return { master: ID, software: 'a fake' };
    };
    master.handlers['nodes.list'] = () => nodes;
    const { client } = await connect(master);
    expect(said).toEqual([
      {
        protocol: { major: 1, minor: expect.any(Number) as number },
        software: 'a test',
        client: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      },
    ]);
    expect(await client.call('nodes.list', {})).toEqual(nodes);
  });

  test('a refusal for good is told at once, with its own code: no patience makes a wrong token right', async () => {
    const master = await FakeMaster.open();
    await expect(connect(master, { token: () => 'a guess' })).rejects.toMatchObject({ code: 'WRONG_TOKEN' });
    master.handlers['client.hello'] = () => {
      throw new TuttiError('PROTOCOL_MISMATCH', 'upgrade the client');
    };
    await expect(connect(master)).rejects.toMatchObject({
      code: 'PROTOCOL_MISMATCH',
      message: 'upgrade the client',
    });
  });

  test('an address that is none is told at once', async () => {
    const options = { address: 'gopher://x', token: () => TOKEN, software: 'a test' };
    await expect(MasterClient.connect(options)).rejects.toMatchObject({ code: 'BAD_ADDRESS' });
  });

  test('where no master answers the client gives up when its patience is over, and says what it last met', async () => {
    const clock = new FakeClock();
    const address = `unix:${join(temporaryDirectory(), 'm.sock')}`;
    const failure = rejection(
      MasterClient.connect({ address, token: () => TOKEN, software: 'a test', clock, patienceMs: 2000 }),
    );
    // The last of them is the client's patience; dialling again is sooner.
    await eventually(() => {
      if ((clock.nextIn ?? 2000) < 2000) clock.advance(clock.nextIn ?? 0);
      return clock.timers === 0;
    });
    expect(await failure).toMatchObject({
      code: 'NO_MASTER',
      message: expect.stringContaining(address) as string,
      cause: { code: 'NOT_CONNECTED' },
    });
    expect(clock.timers).toBe(0);
  });

  test('a master that appears within the patience is found', async () => {
    const dir = temporaryDirectory();
    const clock = new FakeClock();
    const address = `unix:${join(dir, 'm.sock')}`;
    const connecting = MasterClient.connect({ address, token: () => TOKEN, software: 'a test', clock });
    await FakeMaster.open(dir);
    let client: MasterClient | undefined;
    connecting.then(
      (connected) => {
        client = connected;
      },
      () => {},
    );
    await eventually(() => {
      if ((clock.nextIn ?? 3000) < 1000) clock.advance(clock.nextIn ?? 0);
      return client !== undefined;
    });
    onTestFinished(() => client?.close());
    expect(client?.debugState().link).toBe('open');
  });
});

describe('over a lost connection', () => {
  test('a call goes on with the next connection until it is answered', async () => {
    const master = await FakeMaster.open();
    const { client, sessions } = await connect(master);
    master.handlers['nodes.list'] = () => new Promise(() => {});
    const answer = client.call('nodes.list', {});
    await eventually(() => master.count('nodes.list') === 1);
    master.handlers['nodes.list'] = () => nodes;
    master.cut();
    await sessions(2);
    expect(await answer).toEqual(nodes);
    expect(master.count('nodes.list')).toBe(2);
  });

  test('a call that is asked while there is no connection waits for the next', async () => {
    const master = await FakeMaster.open();
    master.handlers['nodes.list'] = () => nodes;
    const { client, sessions } = await connect(master);
    master.cut();
    await eventually(() => client.debugState().link === 'waiting');
    const answer = client.call('nodes.list', {});
    expect(client.debugState().waiting).toBe(1);
    await sessions(2);
    expect(await answer).toEqual(nodes);
    expect(client.debugState().waiting).toBe(0);
  });

  test('what the master itself answers is not repeated', async () => {
    const master = await FakeMaster.open();
    const { client } = await connect(master);
    master.handlers['run.watch'] = () => {
      throw new TuttiError('NO_SUCH_RUN', 'no run 9');
    };
    await expect(client.call('run.watch', { run: 9 })).rejects.toMatchObject({ code: 'NO_SUCH_RUN' });
    expect(master.count('run.watch')).toBe(1);
  });

  test('a master that turns the client away later fails what waits for it', async () => {
    const master = await FakeMaster.open();
    const { client, clock } = await connect(master);
    master.cut();
    await eventually(() => client.debugState().link === 'waiting');
    const waiting = rejection(client.call('nodes.list', {}));
    master.handlers['client.hello'] = () => {
      throw new TuttiError('PROTOCOL_MISMATCH', 'the master was upgraded');
    };
    clock.advance(5000);
    expect(await waiting).toMatchObject({ code: 'PROTOCOL_MISMATCH' });
    await expect(client.call('nodes.list', {})).rejects.toMatchObject({ code: 'PROTOCOL_MISMATCH' });
  });

  test('the loss is told once, and again only after the connection has been back', async () => {
    const master = await FakeMaster.open();
    const told: string[] = [];
    const { client, clock, sessions } = await connect(master, { onLost: ({ code }) => told.push(code) });
    await sessions(1);
    await master.close();
    await eventually(() => client.debugState().link === 'waiting');
    clock.advance(5000);
    await eventually(() => client.debugState().link === 'waiting');
    expect(told).toEqual(['NOT_CONNECTED']);
    const next = await FakeMaster.open(master.dir);
    await eventually(() => {
      if (client.debugState().link === 'waiting') clock.advance(5000);
      return next.sessions.length === 1 && client.debugState().link === 'open';
    });
    next.cut();
    await eventually(() => told.length === 2);
  });

  test('that the master is back is told with how long it was away', async () => {
    const master = await FakeMaster.open();
    const told: number[] = [];
    const { client, clock, sessions } = await connect(master, { onBack: (ms) => told.push(ms) });
    await sessions(1);
    expect(client.reachable).toBe(true);
    master.cut();
    await eventually(() => client.debugState().link === 'waiting');
    expect(client.reachable).toBe(false);
    expect(told).toEqual([]);
    const before = clock.monotonicMs();
    await sessions(2);
    expect(told).toEqual([clock.monotonicMs() - before]);
    expect(client.reachable).toBe(true);
  });

  test('a master that does not come back is given up, with what waits for it', async () => {
    const master = await FakeMaster.open();
    const { client, clock, sessions } = await connect(master, { orphanMs: 60_000 });
    await sessions(1);
    await master.close();
    await eventually(() => client.debugState().link === 'waiting');
    const waiting = rejection(client.call('nodes.list', {}));
    for (let seconds = 0; seconds < 60; seconds += 5) {
      await eventually(() => client.debugState().link === 'waiting');
      clock.advance(5000);
    }
    expect(await waiting).toMatchObject({
      code: 'NOT_CONNECTED',
      message: expect.stringMatching(
        /^the master at unix:.* has not come back for 1 min: no master answers/,
      ) as string,
    });
    expect(client.debugState()).toMatchObject({ link: 'stopped', waiting: 0 });
    expect(clock.timers).toBe(0);
  });

  test('an attempt is told when its session ends, and why', async () => {
    const master = await FakeMaster.open();
    const { client, sessions } = await connect(master);
    const reasons: unknown[] = [];
    const done = client.persist((_session, over) => {
      if (reasons.length > 0) return Promise.resolve('done');
      return new Promise<string>((_resolve, reject) => {
        over.addEventListener('abort', () => {
          reasons.push(over.reason);
          reject(over.reason as Error);
        });
      });
    });
    await settled();
    master.cut();
    await sessions(2);
    expect(await done).toBe('done');
    expect(reasons).toEqual([expect.objectContaining({ code: 'NOT_CONNECTED' })]);
  });
});

describe('aborting', () => {
  test('an abort withdraws a call that is under way', async () => {
    const master = await FakeMaster.open();
    const { client } = await connect(master);
    const withdrawn = Promise.withResolvers<void>();
    master.handlers['nodes.list'] = (_params, { signal }) => {
      signal.addEventListener('abort', () => withdrawn.resolve());
      return new Promise(() => {});
    };
    const stop = new AbortController();
    const answer = rejection(client.call('nodes.list', {}, stop.signal));
    await eventually(() => master.count('nodes.list') === 1);
    stop.abort(new TuttiError('CANCELLED', 'enough'));
    expect(await answer).toMatchObject({ code: 'CANCELLED', message: 'enough' });
    await withdrawn.promise;
  });

  test('an abort ends the wait for a connection and leaves no waiter behind', async () => {
    const master = await FakeMaster.open();
    const { client } = await connect(master);
    master.cut();
    await eventually(() => client.debugState().link === 'waiting');
    const stop = new AbortController();
    const answer = rejection(client.call('nodes.list', {}, stop.signal));
    stop.abort(new TuttiError('CANCELLED', 'enough'));
    expect(await answer).toMatchObject({ message: 'enough' });
    expect(client.debugState().waiting).toBe(0);
  });

  test('what is aborted already is not asked', async () => {
    const master = await FakeMaster.open();
    const { client } = await connect(master);
    const reason = new TuttiError('CANCELLED', 'enough');
    await expect(client.call('nodes.list', {}, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(master.calls).toEqual([]);
  });

  test('a signal that outlives many calls keeps no listener of theirs', async () => {
    const master = await FakeMaster.open();
    master.handlers['nodes.list'] = () => nodes;
    const { client, sessions } = await connect(master);
    const { signal } = new AbortController();
    const listeners = () => getEventListeners(signal, 'abort').length;
    await client.call('nodes.list', {}, signal);
    master.cut();
    await eventually(() => client.debugState().link === 'waiting');
    const across = client.call('nodes.list', {}, signal);
    expect(listeners()).toBe(1);
    await sessions(2);
    await across;
    expect(listeners()).toBe(0);
  });
});

describe('closing', () => {
  test('settles what waits, and nothing can be asked any more', async () => {
    const master = await FakeMaster.open();
    const { client, clock } = await connect(master);
    master.handlers['nodes.list'] = () => new Promise(() => {});
    const under = rejection(client.call('nodes.list', {}));
    await eventually(() => master.count('nodes.list') === 1);
    client.close();
    expect(await under).toMatchObject({ code: 'CANCELLED' });
    await expect(client.call('nodes.list', {})).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(() => master.session.closed !== undefined);
    expect(client.debugState()).toEqual({ link: 'stopped', waiting: 0, listeners: 0, fetches: 0, feeds: 0 });
    expect(clock.timers).toBe(0);
  });

  test('settles what waits for a connection', async () => {
    const master = await FakeMaster.open();
    const { client } = await connect(master);
    master.cut();
    await eventually(() => client.debugState().link === 'waiting');
    const waiting = rejection(client.call('nodes.list', {}));
    client.close();
    client.close();
    expect(await waiting).toMatchObject({ code: 'CANCELLED' });
  });
});

test('events go to every listener until it stops listening', async () => {
  const master = await FakeMaster.open();
  const { client } = await connect(master);
  const heard: string[] = [];
  const listen = (name: string) =>
    client.listen({ run: () => heard.push(name), test: () => heard.push(`${name}, test`) });
  const stop = listen('a');
  listen('b');
  const change = { run: 7, id: ID, suite: 's', phase: 'running', dir: '/d', size: 1 } as const;
  master.session.emit('run.changed', change);
  await eventually(() => heard.length === 2);
  stop();
  master.session.emit('run.changed', change);
  await eventually(() => heard.length === 3);
  expect(heard).toEqual(['a', 'b', 'b']);
});
