import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contract, largeArguments } from './contract.ts';
import { FakeAgent } from './fake-agent.ts';
import { PYTHON, PYTHON_PATH, python } from './languages.ts';
import { barrierReady } from './spellings.ts';

contract(python);
largeArguments(python);

/** Since 3.9 Python's parser really refuses what an older version did not have. */
const CAN_JUDGE = spawnSync(PYTHON, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0;

describe.skipIf(!python.available)('in Python alone', () => {
  let agent: FakeAgent;
  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    TUTTI_SOCKET: agent.path,
    PYTHONPATH: PYTHON_PATH,
    PYTHONDONTWRITEBYTECODE: '1',
  });

  beforeEach(async () => {
    agent = await new FakeAgent().listen();
  });
  afterEach(async () => {
    await agent[Symbol.asyncDispose]();
  });

  function parses(source: string): boolean {
    const code = 'import ast, sys; ast.parse(sys.stdin.read(), feature_version=(3, 6))';
    return spawnSync(PYTHON, ['-c', code], { input: source }).status === 0;
  }

  test.skipIf(!CAN_JUDGE)('all of it is written in the grammar of Python 3.6 (needs Python 3.9)', () => {
    const files = globSync('tutti/*.py', { cwd: PYTHON_PATH });
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !parses(readFileSync(join(PYTHON_PATH, file), 'utf8')))).toEqual([]);
    expect(parses('if (n := 1): pass')).toBe(false);
  });

  test('a script that is no driver reads nothing of what is for drivers', () => {
    const code = "import sys, tutti; print(sorted(name for name in sys.modules if name.startswith('tutti')))";
    const { stdout } = spawnSync(PYTHON, ['-c', code], { env: env(), encoding: 'utf8' });
    expect(stdout.trim()).toBe("['tutti', 'tutti._clock', 'tutti._wire']");
  });

  test('broken barriers and timeouts have classes of their own', async () => {
    const kinds = ['BARRIER_BROKEN', 'BARRIER_ABORTED', 'TIMED_OUT', 'SPACE_CLOSED'];
    const code = `
import tutti
for _ in range(4):
    try: tutti.barrier('ready')
    except tutti.BarrierBroken as error: print('broken', error)
    except tutti.TimedOut as error: print('timed out', error)
    except tutti.Error as error: print('other', error)`;
    const child = spawn(PYTHON, ['-c', code], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    for (const kind of kinds) await (await agent.next()).refuse(kind, 'why');
    await once(child, 'close');
    expect(stdout.trim().split('\n')).toEqual([
      'broken BARRIER_BROKEN: why',
      'broken BARRIER_ABORTED: why',
      'timed out TIMED_OUT: why',
      'other SPACE_CLOSED: why',
    ]);
  });

  test('KeyboardInterrupt closes the connection, though the script goes on', async () => {
    const code = `
import sys, tutti
try: tutti.barrier('ready')
except KeyboardInterrupt: sys.stdin.read()`;
    const child = spawn(PYTHON, ['-c', code], { env: env(), stdio: ['pipe', 'ignore', 'inherit'] });
    const connection = await agent.next();
    await connection.request;
    child.kill('SIGINT');
    await connection.closed;
    expect(child.exitCode).toBeNull();
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('threads may call at the same time', async () => {
    const expression = `(lambda pool: sorted(pool.map(tutti.get, ['a', 'b', 'c'])))(
      __import__('concurrent.futures').futures.ThreadPoolExecutor(3))`;
    const caller = python.call({ ...barrierReady, python: expression }, agent.path);
    const connections = [await agent.next(), await agent.next(), await agent.next()];
    for (const connection of connections.toReversed()) {
      await connection.answer({ found: true, value: (await connection.request).args['key'] });
    }
    expect(await caller.seen).toEqual({ value: ['a', 'b', 'c'] });
  });

  test.each([
    ['that never answers', true],
    ['that is not there', false],
  ])('an agent %s is given up after the timeout and a margin', async (_, present) => {
    if (!present) await agent.die();
    const expression = "setattr(tutti._wire, '_MARGIN', 0) or tutti.barrier('ready', timeout='60ms')";
    const seen = await python.call({ ...barrierReady, python: expression }, agent.path).seen;
    expect(seen).toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('barrier "ready"') as string,
    });
  });

  test.each(["float('nan')", '{1, 2}', "b'x'", 'lambda: 1'])(
    '%s is refused, because JSON cannot say it',
    async (value) => {
      const seen = await python.call({ ...barrierReady, python: `tutti.set('k', ${value})` }, agent.path)
        .seen;
      expect(seen).toMatchObject({ code: 'BAD_PARAMS' });
      expect(agent.count).toBe(0);
    },
  );

  test('a lone string names one role, not its letters', async () => {
    const caller = python.call(
      { ...barrierReady, python: "tutti.barrier('ready', roles='server')" },
      agent.path,
    );
    const connection = await agent.next();
    expect((await connection.request).args).toEqual({ name: 'ready', roles: ['server'] });
    await connection.answer(barrierReady.answer);
    await caller.seen;
  });

  test('me reads the environment when it is asked', () => {
    const code = `
import json, tutti
try: tutti.me.node
except tutti.Error as error: code = error.code
me = tutti.me
print(json.dumps([me.member, me.index, me.run, me.reboot_count, me.deadline, me.params['window'], code]))`;
    const given = {
      TUTTI_MEMBER: 'client.0',
      TUTTI_INDEX: '0',
      TUTTI_RUN: '17',
      TUTTI_REBOOT_COUNT: '1',
      TUTTI_DEADLINE: '60.5',
    };
    const { stdout } = spawnSync(PYTHON, ['-c', code], {
      env: { ...env(), ...given, TUTTI_PARAM_WINDOW: '64k' },
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual(['client.0', 0, 17, 1, 60.5, '64k', 'USAGE']);
  });
});
