import { LIMITS } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { Stage } from './players.ts';

const released = (rank: number, size: number, generation = 0) => ({ generation, rank, size, hasData: false });

describe('a barrier', () => {
  test('waits for all members of the test, when it is told nothing else, and ranks them as they arrive', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const second = stage.arrive('client.1');
    const third = stage.arrive('server.0');
    expect(stage.answers(second, third)).toEqual([undefined, undefined]);
    const last = stage.arrive('client.0');
    expect(stage.answers(second, third, last)).toEqual([released(0, 3), released(1, 3), released(2, 3)]);
  });

  test('of one member alone is passed at once', () => {
    const stage = new Stage({ server: 1 });
    expect(stage.answer(stage.arrive('server.0'))).toEqual(released(0, 1));
  });

  test('with a count is passed by any that many distinct members', () => {
    const stage = new Stage({ client: 3 });
    const requests = [stage.arrive('client.2', { count: 2 }), stage.arrive('client.0', { count: 2 })];
    expect(stage.answers(...requests)).toEqual([released(0, 2), released(1, 2)]);
    expect(stage.answer(stage.arrive('client.1', { count: 2 }))).toBeUndefined();
  });

  test('with roles waits for all members of these, and for nobody else', () => {
    const stage = new Stage({ server: 1, client: 2, observer: 1 });
    const roles = ['client', 'server'];
    const requests = ['client.0', 'client.1', 'server.0'].map((member) => stage.arrive(member, { roles }));
    expect(stage.answers(...requests)).toEqual([released(0, 3), released(1, 3), released(2, 3)]);
  });

  test('with members waits for just these; a role of one member names it', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const first = stage.arrive('server.0', { members: ['server', 'client.1'] });
    const second = stage.arrive('client.1', { members: ['client.1', 'server.0'] });
    expect(stage.answers(first, second)).toEqual([released(0, 2), released(1, 2)]);
  });

  test('hands the data of everybody to everybody, in the order of arrival', () => {
    const stage = new Stage({ server: 1, client: 1 });
    stage.arrive('client.0', { data: { port: 5201 } });
    const [mine] = stage.space.ask(
      'barrier',
      { name: 'ready' },
      { member: 'server.0', request: 'the-last', at: 0 },
    );
    const answer = mine?.answer;
    expect(answer?.ok && answer.result).toMatchObject({ hasData: true });
    expect(answer?.ok && answer.release?.arrivals.map(({ member, data }) => [member, data])).toEqual([
      ['client.0', { port: 5201 }],
      ['server.0', undefined],
    ]);
  });

  test('starts its next generation when it is released', () => {
    const stage = new Stage({ client: 2 });
    for (const generation of [0, 1, 2]) {
      const requests = [stage.arrive('client.1'), stage.arrive('client.0')];
      expect(stage.answers(...requests)).toEqual([released(0, 2, generation), released(1, 2, generation)]);
    }
    expect(stage.space.records.all.map(({ generation }) => generation)).toEqual([0, 1, 2]);
  });

  test('keeps an early bird of the next generation apart from this one', () => {
    const stage = new Stage({ client: 3 });
    const count = 2;
    stage.arrive('client.0', { count });
    stage.arrive('client.1', { count });
    const early = stage.arrive('client.0', { count });
    expect(stage.answer(early)).toBeUndefined();
    expect(stage.answer(stage.arrive('client.2', { count }))).toEqual(released(1, 2, 1));
    expect(stage.answer(early)).toEqual(released(0, 2, 1));
  });

  test('notes how far apart the first and the last arrival were', () => {
    const stage = new Stage({ client: 3 });
    for (const [member, at] of [
      ['client.2', 10],
      ['client.0', 9.5],
      ['client.1', 12],
    ] as const) {
      stage.now = at;
      stage.arrive(member);
    }
    expect(stage.space.records.all).toMatchObject([{ name: 'ready', generation: 0, size: 3, skew: 2.5 }]);
  });
});

describe('participants', () => {
  test('who disagree about who takes part all fail at once, and the message quotes both', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const waiting = [
      stage.arrive('client.0', { roles: ['client', 'server'] }),
      stage.arrive('client.1', { roles: ['server', 'client', 'client'] }),
    ];
    const other = stage.arrive('server.0', { count: 2 });
    const failure = {
      code: 'BARRIER_DISAGREEMENT',
      message: 'barrier "ready": server.0 says count 2, but client.0, client.1 said roles client, server',
    };
    expect(stage.answers(...waiting, other)).toEqual([failure, failure, failure]);
    expect(stage.answer(stage.arrive('server.0'))).toEqual(failure);
  });

  test.for([
    [{ roles: ['server'] }, { members: ['server.0'] }],
    [{ roles: ['client'] }, { members: ['client.1', 'client.0', 'client.1'] }],
  ])('who mean the same by other words agree: %j, %j', ([first, second]) => {
    const stage = new Stage({ server: 1, client: 2 });
    const members =
      'roles' in first! && first.roles[0] === 'server' ? ['server.0'] : ['client.0', 'client.1'];
    const requests = members.map((member, n) => stage.arrive(member, n === 0 ? first! : second!));
    expect(stage.answers(...requests)).toEqual(members.map((_, rank) => released(rank, members.length)));
  });

  test.for([
    [{}],
    [{ count: 3 }],
    [{ roles: ['server', 'client'] }],
    [{ members: ['server', 'client.0', 'client.1'] }],
  ])('who name everybody agree with who names nobody: %j', ([args]) => {
    const stage = new Stage({ server: 1, client: 2 });
    const requests = [stage.arrive('server.0'), stage.arrive('client.0', args), stage.arrive('client.1')];
    expect(stage.answers(...requests)).toEqual([released(0, 3), released(1, 3), released(2, 3)]);
  });

  test('any two are not the same as two that are named', () => {
    const stage = new Stage({ server: 1, client: 2 });
    stage.arrive('client.0', { count: 2 });
    const named = stage.arrive('client.1', { roles: ['client'] });
    expect(stage.answer(named)).toMatchObject({ code: 'BARRIER_DISAGREEMENT' });
  });

  test.for([
    [{ count: 0 }, 'count 0: at least one member has to take part'],
    [{ count: -3 }, 'count -3: at least one member has to take part'],
    [{ count: 4 }, 'count 4: the test has only 3 members'],
    [{ count: 2, roles: ['client'] }, 'give one of count, roles and members'],
    [{ roles: ['client'] }, 'server.0 arrived, but is not among the participants client.0, client.1'],
  ])('that cannot be are refused to the one who asks: %j', ([args, problem]) => {
    const stage = new Stage({ server: 1, client: 2 });
    const waiting = stage.arrive('client.0');
    const refused = stage.arrive('server.0', args as object);
    expect(stage.answer(refused)).toEqual({
      code: 'BAD_PARTICIPANTS',
      message: `barrier "ready": ${problem as string}`,
    });
    expect(stage.answer(waiting)).toBeUndefined();
  });

  test.for([
    [{ roles: ['sever'] }, 'the test has no role "sever"; its roles are server, client'],
    [
      { members: ['client'] },
      'no member "client"; role "client" has 2 members: say which, for example client.0',
    ],
    [{ members: ['client.7'] }, 'no member "client.7"; the test has server.0, client.0, client.1'],
  ])('that the test does not have are refused with those it has: %j', ([args, message]) => {
    const stage = new Stage({ server: 1, client: 2 });
    const refused = stage.arrive('server.0', args as object);
    expect(stage.answer(refused)).toEqual({ code: 'BAD_PARTICIPANTS', message });
  });

  test('may be one member; a count beyond it says so', () => {
    const stage = new Stage({ server: 1 });
    expect(stage.answer(stage.arrive('server.0', { count: 2 }))).toMatchObject({
      message: 'barrier "ready": count 2: the test has only 1 member',
    });
  });
});

describe('a member that arrives twice in one generation', () => {
  test('fails the second time only', () => {
    const stage = new Stage({ client: 2 });
    const first = stage.arrive('client.0');
    const second = stage.arrive('client.0');
    expect(stage.answer(second)).toEqual({
      code: 'ALREADY_ARRIVED',
      message: 'client.0 waits at barrier "ready" already (generation 0)',
    });
    expect(stage.answer(first)).toBeUndefined();
    stage.arrive('client.1');
    expect(stage.answer(first)).toEqual(released(0, 2));
  });

  test('may arrive again when its first arrival was withdrawn', () => {
    const stage = new Stage({ client: 2 });
    stage.space.withdraw(stage.arrive('client.0'));
    const again = stage.arrive('client.0');
    stage.arrive('client.1');
    expect(stage.answer(again)).toEqual(released(0, 2));
  });
});

describe('an abort', () => {
  test('fails all waiters, and everybody who comes later, with its reason', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const waiting = stage.arrive('client.0');
    const aborted = stage.abort('server.0', 'no disk');
    const later = stage.arrive('client.1');
    const failure = {
      code: 'BARRIER_ABORTED',
      message: 'barrier "ready" aborted by server.0 on n1: no disk',
    };
    expect(stage.answers(waiting, aborted, later)).toEqual([failure, {}, failure]);
  });

  test('of a barrier that nobody waits at fails those who come', () => {
    const stage = new Stage({ client: 2 });
    stage.abort('client.0', 'never mind');
    expect(stage.answer(stage.arrive('client.1'))).toMatchObject({ code: 'BARRIER_ABORTED' });
  });

  test('of a broken barrier does nothing: the first word stands', () => {
    const stage = new Stage({ client: 2 });
    stage.abort('client.0', 'first');
    expect(stage.answer(stage.abort('client.1', 'second'))).toEqual({});
    expect(stage.answer(stage.arrive('client.1'))).toMatchObject({
      message: expect.stringContaining('first'),
    });
  });

  test('leaves other barriers alone', () => {
    const stage = new Stage({ client: 2 });
    const elsewhere = stage.arrive('client.0', { name: 'other' });
    stage.abort('client.1', 'no');
    expect(stage.answer(elsewhere)).toBeUndefined();
  });
});

describe('a timeout', () => {
  test('breaks the barrier for all: its own caller hears TIMED_OUT, the others BARRIER_BROKEN', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const other = stage.arrive('client.1');
    stage.now = 1;
    const mine = stage.arrive('client.0');
    stage.now = 3.5;
    stage.timeOut(mine);
    const message =
      'barrier "ready" broken after 3.5 s: client.0 on n2 timed out after 2.5 s; 2 of 3 arrived; missing server.0 on n1: running';
    expect(stage.answers(mine, other)).toEqual([
      { code: 'TIMED_OUT', message },
      { code: 'BARRIER_BROKEN', message },
    ]);
    expect(stage.answer(stage.arrive('server.0'))).toEqual({ code: 'BARRIER_BROKEN', message });
  });

  test('that comes after the answer does nothing', () => {
    const stage = new Stage({ client: 1 });
    const request = stage.arrive('client.0');
    stage.timeOut(request);
    expect(stage.answer(request)).toEqual(released(0, 1));
  });
});

describe('a participant that can no longer arrive', () => {
  test('breaks the barrier at once, and the message says who, where, and how it ended', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const waiting = [stage.arrive('server.0')];
    stage.now = 1.2;
    waiting.push(stage.arrive('client.0'));
    stage.leave('client.1', 'exited with status 1 (last line: "bind: address in use")');
    const failure = {
      code: 'BARRIER_BROKEN',
      message:
        'barrier "ready" broken after 1.2 s: 2 of 3 arrived; missing client.1 on n3: exited with status 1 (last line: "bind: address in use")',
    };
    expect(stage.answers(...waiting)).toEqual([failure, failure]);
  });

  test('breaks it for the first who arrives after that', () => {
    const stage = new Stage({ client: 2 });
    stage.leave('client.1', 'ended with status 0');
    const failure = {
      code: 'BARRIER_BROKEN',
      message:
        'barrier "ready" broken after 0.0 s: 1 of 2 arrived; missing client.1 on n2: ended with status 0',
    };
    expect(stage.answer(stage.arrive('client.0'))).toEqual(failure);
  });

  test('is nothing to a barrier that does not need it', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const waiting = stage.arrive('client.0', { roles: ['client'] });
    stage.leave('server.0');
    expect(stage.answer(waiting)).toBeUndefined();
    stage.arrive('client.1', { roles: ['client'] });
    expect(stage.answer(waiting)).toEqual(released(0, 2));
  });

  test('breaks a barrier with a count only when fewer than that can still arrive', () => {
    const stage = new Stage({ client: 4 });
    const waiting = stage.arrive('client.0', { count: 3 });
    stage.leave('client.1', 'exited with status 1');
    expect(stage.answer(waiting)).toBeUndefined();
    stage.leave('client.2', 'was ended by SIGSEGV');
    expect(stage.answer(waiting)).toEqual({
      code: 'BARRIER_BROKEN',
      message:
        'barrier "ready" broken after 0.0 s: 1 of 3 arrived; missing client.1 on n2: exited with status 1; client.2 on n3: was ended by SIGSEGV; client.3 on n4: running',
    });
  });

  test('does not count any more when it had arrived: its wait ends with it', () => {
    const stage = new Stage({ client: 3 });
    const lost = stage.arrive('client.0');
    const waiting = stage.arrive('client.1');
    stage.leave('client.0', 'was lost: its node was away for more than 30 s');
    expect(stage.answer(lost)).toEqual({
      code: 'CANCELLED',
      message: 'client.0 was lost: its node was away for more than 30 s',
    });
    expect(stage.answer(waiting)).toMatchObject({
      code: 'BARRIER_BROKEN',
      message: expect.stringContaining('1 of 3 arrived; missing client.0 on n1: was lost'),
    });
    expect(stage.space.toldOfBreak('client.0')).toBeUndefined();
    expect(stage.space.toldOfBreak('client.1')).toMatchObject({ culprit: 'client.0' });
  });

  test('is not let in any more', () => {
    const stage = new Stage({ client: 2 });
    stage.leave('client.0');
    expect(stage.answer(stage.arrive('client.0'))).toEqual({
      code: 'NO_SUCH_MEMBER',
      message: 'client.0 has ended',
    });
  });

  test('leaves what was released before as it is', () => {
    const stage = new Stage({ client: 2 });
    const requests = [stage.arrive('client.0'), stage.arrive('client.1')];
    stage.leave('client.1');
    expect(stage.answers(...requests)).toEqual([released(0, 2), released(1, 2)]);
  });
});

test('of many who are missing five are named, those who cannot come first', () => {
  const stage = new Stage({ client: 9 });
  const waiting = stage.arrive('client.0');
  stage.leave('client.7', 'ended with status 0');
  expect(stage.answer(waiting)).toMatchObject({
    message:
      'barrier "ready" broken after 0.0 s: 1 of 9 arrived; missing client.7 on n8: ended with status 0; client.1 on n2: running; client.2 on n3: running; client.3 on n4: running; client.4 on n5: running; and 3 more',
  });
});

describe('a broken barrier', () => {
  test('stays broken with the same message, however people arrive later', () => {
    const stage = new Stage({ server: 1, client: 2 });
    const waiting = stage.arrive('client.0');
    stage.leave('server.0');
    const message = (stage.answer(waiting) as { message: string }).message;
    stage.now = 99;
    for (const args of [{}, { count: 1 }, { roles: ['client'] }, { count: -1 }]) {
      expect(stage.answer(stage.arrive('client.1', args))).toEqual({ code: 'BARRIER_BROKEN', message });
    }
  });

  test('is no hindrance to another name', () => {
    const stage = new Stage({ client: 2 });
    stage.abort('client.0', 'again');
    const requests = ['client.0', 'client.1'].map((member) => stage.arrive(member, { name: 'ready-2' }));
    expect(stage.answers(...requests)).toEqual([released(0, 2), released(1, 2)]);
  });
});

describe('a withdrawn arrival', () => {
  test('does not count', () => {
    const stage = new Stage({ client: 2 });
    const gone = stage.arrive('client.0');
    stage.space.withdraw(gone);
    const other = stage.arrive('client.1');
    expect(stage.answers(gone, other)).toEqual([undefined, undefined]);
  });

  test('takes its word about who takes part with it, when it was the only one', () => {
    const stage = new Stage({ client: 3 });
    stage.space.withdraw(stage.arrive('client.0', { count: 3 }));
    const requests = [stage.arrive('client.0', { count: 2 }), stage.arrive('client.1', { count: 2 })];
    expect(stage.answers(...requests)).toEqual([released(0, 2), released(1, 2)]);
  });

  test('leaves nothing behind', () => {
    const stage = new Stage({ client: 2 });
    for (let n = 0; n < 100; n += 1) stage.space.withdraw(stage.arrive('client.0', { name: `barrier ${n}` }));
    expect(stage.space.waits()).toEqual([]);
    expect(stage.space.waitingRequests('client.0')).toEqual([]);
    expect(stage.told.size).toBe(0);
  });

  test('loses to a release that was made before', () => {
    const stage = new Stage({ client: 2 });
    const request = stage.arrive('client.0');
    stage.arrive('client.1');
    stage.space.withdraw(request);
    expect(stage.answer(request)).toEqual(released(0, 2));
  });
});

describe('data at a barrier', () => {
  const text = (bytes: number) => 'x'.repeat(bytes - 2);

  test('up to its limit goes through; a byte more is refused to its bringer alone', () => {
    const stage = new Stage({ client: 2 });
    const { value } = LIMITS.barrierData;
    const refused = stage.arrive('client.0', { data: text(value + 1) });
    expect(stage.answer(refused)).toEqual({
      code: 'VALUE_TOO_LARGE',
      message: `barrier "ready": client.0 brings ${value + 1} bytes of data, where ${value} are allowed`,
    });
    const requests = [
      stage.arrive('client.0', { data: text(value) }),
      stage.arrive('client.1', { data: text(value) }),
    ];
    expect(stage.answers(...requests)).toMatchObject([{ size: 2 }, { size: 2 }]);
  });

  test('of all together has a limit too, names included, which a withdrawal gives back', () => {
    const stage = new Stage({ client: 40 });
    const data = text(LIMITS.barrierData.value);
    const arrived = Array.from({ length: 31 }, (_, n) => stage.arrive(`client.${n}`, { data }));
    const refused = stage.arrive('client.31', { data });
    expect(stage.answer(refused)).toEqual({
      code: 'VALUE_TOO_LARGE',
      message: `barrier "ready": with client.31 the data of all exceeds ${LIMITS.barrierDataTotal.value} bytes`,
    });
    stage.space.withdraw(arrived[0]!);
    expect(stage.answer(stage.arrive('client.31', { data }))).toBeUndefined();
  });

  test('of a few among very many counts the names of all, because all hear them', () => {
    const stage = new Stage({ client: 40_000 });
    stage.arrive('client.0', { data: 1 });
    const late = Array.from({ length: 39_999 }, (_, n) => stage.arrive(`client.${n + 1}`));
    expect(stage.answer(late.at(-1)!)).toMatchObject({ code: 'VALUE_TOO_LARGE' });
  });

  test('is counted anew in the next generation', () => {
    const stage = new Stage({ client: 31 });
    const data = text(LIMITS.barrierData.value);
    for (const generation of [0, 1]) {
      const requests = Array.from({ length: 31 }, (_, n) => stage.arrive(`client.${n}`, { data }));
      expect(stage.answer(requests.at(-1)!)).toMatchObject({ generation, rank: 30, hasData: true });
    }
  });
});

test('ten thousand members pass a barrier of named roles without looking at each other', () => {
  const stage = new Stage({ client: 10_000 });
  const requests = Array.from({ length: 10_000 }, (_, n) =>
    stage.arrive(`client.${n}`, { roles: ['client'] }),
  );
  expect(stage.answer(requests[0]!)).toEqual(released(0, 10_000));
  expect(stage.answer(requests.at(-1)!)).toEqual(released(9999, 10_000));
});
