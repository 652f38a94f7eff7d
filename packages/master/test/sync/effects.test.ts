import type { SyncArgs, SyncVerb } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../src/sync/effects.ts';
import { SyncSpace } from '../../src/sync/space.ts';
import { players, Stage } from './players.ts';

describe('what is decided', () => {
  test('is said once, in order; what only waits is not', () => {
    const stage = new Stage({ client: 2 });
    stage.arrive('client.0', { data: 1 });
    stage.ask('client.0', 'get', { key: 'k', wait: true });
    expect(stage.space.takeEffects()).toEqual([]);
    stage.ask('client.1', 'set', { key: 'k', value: [2] });
    stage.arrive('client.1');
    expect(stage.space.takeEffects()).toEqual([
      { did: 'set', request: 'request-3', key: 'k', value: [2] },
      {
        did: 'release',
        name: 'ready',
        generation: 0,
        arrivals: [
          { member: 'client.0', request: 'request-1', at: 0, data: 1 },
          { member: 'client.1', request: 'request-4', at: 0, data: undefined },
        ],
        hasData: true,
      },
    ]);
    expect(stage.space.takeEffects()).toEqual([]);
  });

  test('is one effect for a release, a break and a message, however many it is for', () => {
    const stage = new Stage({ server: 1, client: 20 });
    const clients = Array.from({ length: 20 }, (_, n) => `client.${n}`);
    for (const client of clients) {
      stage.arrive(client, { roles: ['client'] });
      stage.ask(client, 'recv', { topic: 't' });
      stage.arrive(client, { name: 'done' });
    }
    stage.ask('server.0', 'send', { topic: 't', data: 1 });
    stage.leave('server.0');
    const effects = stage.space.takeEffects();
    expect(effects.map(({ did }) => did)).toEqual(['release', 'send', 'deliver', 'leave', 'break']);
  });
});

describe('a space that is restored', () => {
  /** Asks the space and one made from its effects the same, and expects the same. */
  function both(
    roles: Record<string, number>,
    stage: Stage,
    ...questions: [string, SyncVerb, object, string?][]
  ) {
    const effects = JSON.parse(JSON.stringify(stage.space.takeEffects())) as Effect[];
    const restored = SyncSpace.restore(players(roles), effects);
    for (const [member, verb, args, request = 'a-new-request'] of questions) {
      const ask = (space: SyncSpace) =>
        space
          .ask(verb, args as SyncArgs<SyncVerb>, { member, request, at: 9 })
          .map(({ request: whose, answer }) => ({
            whose,
            answer: answer.ok ? answer.result : { code: answer.error.code, message: answer.error.message },
          }));
      expect(ask(restored), `${verb} ${JSON.stringify(args)}`).toEqual(ask(stage.space));
    }
    expect(restored.records.all).toEqual(stage.space.records.all);
    return restored;
  }

  test('gives repeated requests their answers, and goes on where it was', () => {
    const roles = { client: 2 };
    const stage = new Stage(roles);
    const arrival = stage.arrive('client.0', { data: { a: null } });
    stage.arrive('client.1');
    const counted = stage.ask('client.0', 'incr', { key: 'n', by: 5 });
    const refused = stage.ask('client.0', 'incr', { key: 'n', by: Number.MAX_SAFE_INTEGER });
    const sent = stage.ask('client.0', 'send', { topic: 't', data: 'x' });
    const taken = stage.ask('client.1', 'take', { topic: 't' });
    const locked = stage.ask('client.1', 'lock', { name: 'l', slots: 3 });
    const restored = both(
      roles,
      stage,
      ['client.0', 'barrier', { name: 'ready' }, arrival],
      ['client.0', 'incr', { key: 'n' }, counted],
      ['client.0', 'incr', { key: 'n' }, refused],
      ['client.0', 'send', { topic: 't', data: 'x' }, sent],
      ['client.1', 'take', { topic: 't' }, taken],
      ['client.1', 'lock', { name: 'l', slots: 3 }, locked],
      ['client.0', 'lock', { name: 'l' }],
      ['client.1', 'unlock', { name: 'l' }, 'unlocking'],
      ['client.0', 'get', { key: 'n' }],
      ['client.1', 'ack', { request: taken }, 'acknowledging'],
      ['client.0', 'recv', { topic: 't' }, 'receiving'],
    );
    expect(restored.records.all).toHaveLength(1);
  });

  test('keeps broken what is broken, and knows who was told and who has gone how', () => {
    const roles = { client: 4 };
    const stage = new Stage(roles);
    const waiting = stage.arrive('client.0');
    stage.now = 2;
    stage.timeOut(waiting);
    stage.ask('client.2', 'lock', { name: 'l' });
    stage.lose('client.2');
    stage.leave('client.3', 'was ended by SIGKILL');
    const restored = both(
      roles,
      stage,
      ['client.0', 'barrier', { name: 'ready' }, waiting],
      ['client.1', 'barrier', { name: 'ready' }, 'late'],
      ['client.1', 'lock', { name: 'l' }, 'hopeless'],
      ['client.1', 'barrier', { name: 'other' }, 'hopeless too'],
      ['client.3', 'keys', {}],
    );
    expect(restored.toldOfBreak('client.0')).toEqual(stage.space.toldOfBreak('client.0'));
  });
});
