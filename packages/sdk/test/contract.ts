/** What every language's SDK must do, whatever it looks like in that language. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeAgent } from './fake-agent.ts';
import type { Language } from './languages.ts';
import { IN_RUN_SCOPE, takeOfRun } from './scope-spellings.ts';
import { barrierReady, getOdd, SPELLINGS, takeJob } from './spellings.ts';

export function contract(language: Language): void {
  describe.skipIf(!language.available)(
    `${language.name}${language.available ? '' : ': no interpreter here'}`,
    () => {
      let agent: FakeAgent;

      beforeEach(async () => {
        agent = await new FakeAgent().listen();
      });
      afterEach(async () => {
        await agent[Symbol.asyncDispose]();
      });

      describe('sends exactly the request, and understands the answer:', () => {
        test.each([...SPELLINGS, ...IN_RUN_SCOPE].filter((spelling) => language.says(spelling)))(
          '$says',
          async (spelling) => {
            const caller = language.call(spelling, agent.path);
            const connection = await agent.next();
            const { id, ...rest } = await connection.request;
            expect(id).toMatch(/^[0-9a-f]{32}$/);
            expect(rest).toEqual({ call: spelling.call, args: spelling.args });
            await connection.answer(spelling.answer);
            expect(await caller.seen).toEqual(language.expects(spelling));
            await connection.closed;
            const { call, follows = [] } = spelling;
            expect(connection.requests.map((request) => request.call)).toEqual([call, ...follows]);
          },
        );
      });

      test.each([
        'BARRIER_BROKEN',
        'BARRIER_ABORTED',
        'BARRIER_DISAGREEMENT',
        'SPACE_CLOSED',
        'SOME_LATER_CODE',
      ])('the error %s arrives with its code and message', async (code) => {
        const caller = language.call(barrierReady, agent.path);
        await (await agent.next()).refuse(code, 'barrier "ready": missing client.1');
        const status = language.name === 'shell' ? { status: 1 } : {};
        expect(await caller.seen).toEqual({ code, message: 'barrier "ready": missing client.1', ...status });
      });

      test('a timeout that the agent reports is TIMED_OUT, in the shell exit status 124', async () => {
        const caller = language.call(barrierReady, agent.path);
        await (await agent.next()).refuse('TIMED_OUT', 'missing client.1');
        const status = language.name === 'shell' ? { status: 124 } : {};
        expect(await caller.seen).toEqual({ code: 'TIMED_OUT', message: 'missing client.1', ...status });
      });

      test('a connection dropped before the answer: the same line is sent on the next one', async () => {
        const caller = language.call(barrierReady, agent.path);
        const first = await agent.next();
        await first.request;
        first.drop();
        const second = await agent.next();
        await second.request;
        second.write('{"id":'); // torn: an agent was killed while it answered
        second.drop();
        const third = await agent.next();
        await third.request;
        expect([second.received, third.received]).toEqual([first.received, first.received]);
        await third.answer(barrierReady.answer);
        expect(await caller.seen).toEqual(language.expects(barrierReady));
        expect(agent.count).toBe(3);
      });

      test('a message is held from the first, and returned when it has been acknowledged', async () => {
        const caller = language.call(takeJob, agent.path);
        const first = await agent.next();
        const { id } = await first.request;
        first.drop();
        const second = await agent.next();
        second.acknowledges = false;
        expect(await second.request).toMatchObject({ id, call: 'take' });
        await second.answer(takeJob.answer);
        await expect.poll(() => second.requests.map(({ call }) => call)).toEqual(['take', 'hold', 'ack']);
        const [, hold, ack] = second.requests;
        expect([hold?.args, ack?.args]).toEqual([{ request: id }, { request: id }]);
        expect(new Set([id, hold?.id, ack?.id]).size).toBe(3);
        second.drop();
        const third = await agent.next();
        third.acknowledges = false;
        // It has the message: only the acknowledgement is said again.
        expect(await third.request).toEqual(ack);
        await third.answer({});
        expect(await caller.seen).toEqual(language.expects(takeJob));
      });

      test('a message of the run is held and acknowledged in run scope', async () => {
        const caller = language.call(takeOfRun, agent.path);
        const connection = await agent.next();
        const { id: request } = await connection.request;
        await connection.answer(takeOfRun.answer);
        expect(await caller.seen).toEqual(language.expects(takeOfRun));
        const [, hold, ack] = connection.requests;
        const about = { request, scope: 'run' };
        expect([hold?.args, ack?.args]).toEqual([about, about]);
      });

      test('a message that could not be acknowledged is an error: it went to another', async () => {
        const caller = language.call(takeJob, agent.path);
        const connection = await agent.next();
        connection.acknowledges = false;
        await connection.answer(takeJob.answer);
        await expect.poll(() => connection.requests).toHaveLength(3);
        const error = { code: 'NOT_HELD', message: 'it went back' };
        connection.write(`${JSON.stringify({ id: connection.requests[2]?.id, error })}\n`);
        expect(await caller.seen).toMatchObject({ code: 'NOT_HELD', message: 'it went back' });
      });

      test('two calls have two ids', async () => {
        const callers = [language.call(barrierReady, agent.path), language.call(barrierReady, agent.path)];
        const connections = [await agent.next(), await agent.next()];
        const ids = await Promise.all(connections.map(async ({ request }) => (await request).id));
        expect(new Set(ids).size).toBe(2);
        for (const connection of connections) await connection.answer(barrierReady.answer);
        await Promise.all(callers.map(({ seen }) => seen));
      });

      test('an agent that is restarted, its socket gone meanwhile, is found again', async () => {
        const caller = language.call(barrierReady, agent.path);
        const before = await agent.next();
        await before.request;
        await agent.die();
        await agent.listen();
        const after = await agent.next();
        expect(await after.request).toEqual(await before.request);
        await after.answer(barrierReady.answer);
        expect(await caller.seen).toEqual(language.expects(barrierReady));
      });

      test('an agent that is absent at first is found when it comes', async () => {
        await agent.die();
        const caller = language.call(barrierReady, agent.path);
        await agent.listen();
        await (await agent.next()).answer(barrierReady.answer);
        expect(await caller.seen).toEqual(language.expects(barrierReady));
      });

      test('a socket that can never be opened is an error, not a wait', async () => {
        const seen = await language.call(barrierReady, `${import.meta.filename}/agent.sock`).seen;
        expect(seen.code).toBe('NOT_CONNECTED');
        expect(seen.message).toContain('barrier "ready"');
      });

      test('a killed caller closes its connection', async () => {
        const caller = language.call(barrierReady, agent.path);
        const connection = await agent.next();
        await connection.request;
        caller.seen.catch(() => {});
        caller.kill();
        await connection.closed;
        expect(agent.count).toBe(1);
      });

      test('an answer may come one byte at a time', async () => {
        const caller = language.call(getOdd, agent.path);
        const connection = await agent.next();
        const { id } = await connection.request;
        await connection.dribble(Buffer.from(`${JSON.stringify({ id, result: getOdd.answer })}\n`));
        expect(await caller.seen).toEqual(language.expects(getOdd));
      });

      test('several answers may come in one chunk; only its own counts', async () => {
        const caller = language.call(getOdd, agent.path);
        const connection = await agent.next();
        const { id } = await connection.request;
        const other = { id: 'f'.repeat(32), result: { found: true, value: 'not mine' } };
        const lines = [other, { id, result: getOdd.answer }, other].map(
          (line) => `${JSON.stringify(line)}\n`,
        );
        connection.write(`${lines.join('')}{"torn`);
        expect(await caller.seen).toEqual(language.expects(getOdd));
      });

      test('a value of nearly 1 MiB comes through', async () => {
        const value = 'ü'.repeat(500_000);
        const caller = language.call(getOdd, agent.path);
        await (await agent.next()).answer({ found: true, value });
        const seen = await caller.seen;
        expect(seen.value === value || seen.value === `${value}\n`).toBe(true);
      });

      test.each(['', '"id":"",', '"id":null,'])(
        'an agent that could not read the request may answer without its id: {%s …}',
        async (idField) => {
          const caller = language.call(barrierReady, agent.path);
          const connection = await agent.next();
          await connection.request;
          connection.write(`{${idField}"error":{"code":"BAD_PARAMS","message":"cannot read this"}}\n`);
          expect(await caller.seen).toMatchObject({ code: 'BAD_PARAMS', message: 'cannot read this' });
        },
      );

      test.each([
        ['what is not JSON', 'hello?\n', 'BAD_FRAME'],
        ['neither a result nor an error', '{"id":"ID"}\n', 'BAD_RESULT'],
      ])('an agent that answers %s is an error, not a wait', async (_, line, code) => {
        const caller = language.call(barrierReady, agent.path);
        const connection = await agent.next();
        const { id } = await connection.request;
        connection.write(line.replace('ID', id));
        expect(await caller.seen).toMatchObject({ code });
      });

      test('a bad time span is refused before anything is sent', async () => {
        const spelling = {
          typescript: async () =>
            (await import('../src/index.ts')).barrier('ready', { timeout: '5 minutes' }),
          python: "tutti.barrier('ready', timeout='5 minutes')",
          shell: ['barrier', 'ready', '--timeout', '5 minutes'],
        };
        const status = language.name === 'shell' ? { status: 64 } : {};
        expect(await language.call(spelling, agent.path).seen).toMatchObject({
          code: 'BAD_PARAMS',
          ...status,
        });
        expect(agent.count).toBe(0);
      });

      test('outside a Tutti run the error says so', async () => {
        const seen = await language.call(barrierReady, '').seen;
        expect(seen).toMatchObject({
          code: 'USAGE',
          message: expect.stringContaining('inside a script that Tutti runs') as string,
        });
      });
    },
  );
}

/** Not for the shell: the kernel does not let a command line have an argument of that size. */
export function largeArguments(language: Language): void {
  const { name, available } = language;
  test.skipIf(!available)(`${name}: a value of nearly 1 MiB is sent; a larger one never is`, async () => {
    await using agent = await new FakeAgent().listen();
    const [large, larger] = [1_000_000, 1_048_576];
    const setting = (size: number): Parameters<Language['call']>[0] => ({
      typescript: async () => (await import('../src/index.ts')).set('k', 'x'.repeat(size)),
      python: `tutti.set('k', 'x' * ${size})`,
      shell: undefined,
    });
    const caller = language.call(setting(large), agent.path);
    const connection = await agent.next();
    expect((await connection.request).args['value']).toBe('x'.repeat(large));
    await connection.answer({});
    expect(await caller.seen).toEqual({ value: null });
    expect(await language.call(setting(larger), agent.path).seen).toMatchObject({
      code: 'VALUE_TOO_LARGE',
    });
    expect(agent.count).toBe(1);
  });
}
