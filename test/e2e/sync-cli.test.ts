/** Scripts in three languages meet, exchange data and share keys; every wait ends, and says why. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf, stateOf } from './support/pool.ts';
import { attempt, folder, member, named, stderrOf, stdoutOf } from './support/results.ts';
import { leftovers, traces } from './support/traces.ts';
import { eventually, readReport, startAgent, startMaster, startTutti, tutti } from './support/tutti.ts';

const PYTHON = `import tutti
met = tutti.barrier('meet', data={'from': tutti.me.member})
print(met.rank, met.size, sorted(met.data.items()))
for round in range(3):
    print(round, tutti.barrier('again').generation)
tutti.set('from/python', [1, None, 'ü'])
print(tutti.get('from/typescript', wait=True), tutti.get('from/shell', wait=True))
tutti.incr('count', 10)
tutti.barrier('counted')
print(tutti.get('count'), tutti.keys('from/'), tutti.get('never'))
`;
const TYPESCRIPT = `import { barrier, get, incr, keys, me, set } from 'tutti';
const met = await barrier('meet', { data: { from: me.member } });
console.log(JSON.stringify(met));
for (let round = 0; round < 3; round += 1) console.log(round, (await barrier('again')).generation);
console.log(JSON.stringify([await get('from/python', { wait: true }), await get('from/shell', { wait: true })]));
await set('from/typescript', { deep: [true] });
await incr('count', -1);
await barrier('counted');
console.log(await get('count'), JSON.stringify(await keys()), await get('never'));
`;
const SHELL = `#!/bin/sh -e
tutti barrier meet --json --data '"shell"'
for round in 0 1 2; do echo $round $(tutti barrier again --json | sed 's/.*"generation":\\([0-9]*\\).*/\\1/'); done
tutti set from/shell 'plain words'
tutti get from/python --wait
tutti get from/typescript --wait
tutti incr count
tutti barrier counted
tutti get count
tutti keys from/
tutti get never || echo "status $?"
`;

test('shell, Python and TypeScript meet at barriers, hand each other data, and share keys', async () => {
  const cwd = await folder({
    'a.sh': SHELL,
    'b.py': PYTHON,
    'c.ts': TYPESCRIPT,
    'suite.yaml': 'tests:\n  - name: together\n    roles: { a: ./a.sh, b: ./b.py, c: ./c.ts }\n',
  });
  const run = await startTutti(['run', '--local', 'suite.yaml'], { cwd, input: '' });
  const outcome = await run.ended;
  const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
  const said = async (name: string) => (await stdoutOf(cwd, only, name)).trimEnd().split('\n');
  expect(outcome, await stderrOf(cwd, only, 'b.0')).toMatchObject({ code: 0 });
  const [a, b, c] = [await said('a.0'), await said('b.0'), await said('c.0')];

  const shell = JSON.parse(a.shift() ?? '') as { rank: number; data: Record<string, unknown> };
  const typescript = JSON.parse(c.shift() ?? '') as { rank: number; data: Record<string, unknown> };
  const python = /^(\d) 3 (.*)$/.exec(b.shift() ?? '');
  expect(new Set([shell.rank, Number(python?.[1]), typescript.rank])).toEqual(new Set([0, 1, 2]));
  const data = { 'a.0': 'shell', 'b.0': { from: 'b.0' }, 'c.0': { from: 'c.0' } };
  expect(shell).toMatchObject({ generation: 0, size: 3, data });
  expect(typescript).toEqual({ ...shell, rank: typescript.rank });
  expect(Object.keys(shell.data)[shell.rank]).toBe('a.0'); // in order of arrival
  expect(python?.[2]).toBe("[('a.0', 'shell'), ('b.0', {'from': 'b.0'}), ('c.0', {'from': 'c.0'})]");

  const rounds = ['0 0', '1 1', '2 2'];
  expect(a.slice(0, 5)).toEqual([...rounds, '[1,null,"ü"]', '{"deep":[true]}']);
  expect(a.slice(6)).toEqual(['10', 'from/python', 'from/shell', 'from/typescript', 'status 1']);
  expect(b).toEqual([
    ...rounds,
    "{'deep': [True]} plain words",
    "10 ['from/python', 'from/shell', 'from/typescript'] None",
  ]);
  expect(c).toEqual([
    ...rounds,
    '[[1,null,"ü"],"plain words"]',
    '10 ["count","from/python","from/shell","from/typescript"] undefined',
  ]);
  expect(attempt(only).barriers.map(({ name, generation, size }) => `${name} ${generation} ${size}`)).toEqual(
    ['meet 0 3', 'again 0 3', 'again 1 3', 'again 2 3', 'counted 0 3'],
  );
  expect(await leftovers(run, undefined, { within: 0 })).toEqual([]);
});

const ENDS = `
suite: ends
timeout: 60s
linger: 30s
tests:
  - name: nobody comes
    roles:
      a: |
        tutti barrier x --timeout 300ms || echo "=> $?"
        tutti barrier x || echo "=> $?"
        tutti get y --wait --timeout 300ms || echo "=> $?"
        tutti set done 1
      b: tutti get done --wait
  - name: aborted
    roles:
      a: tutti barrier x || echo "=> $?"; tutti barrier x || echo "=> $?"
      b: |
        while [ -z "$(tutti keys)" ]; do tutti set ready 1; done
        tutti barrier x --abort 'no cable in port 3'
  - name: no agreement
    roles:
      a: tutti barrier x --count 2 || echo "=> $?"
      b: tutti barrier x --count 3 || echo "=> $?"
      c: tutti get nothing --wait || true
  - name: some of them
    roles:
      a: { count: 2, run: 'tutti barrier x --roles a --rank; [ $TUTTI_INDEX = 0 ] || tutti barrier y --members a.1,b' }
      b: { run: 'tutti barrier y --members b.0,a.1 --rank' }
  - name: leaves without a word
    roles:
      a: tutti barrier x || { echo "=> $?"; exit 9; }
      b: exit 0
  - name: nobody left to set it
    roles:
      a: tutti get x --wait || echo "=> $?"
      b: 'true'
  - name: reaches the deadline
    timeout: 4s
    roles:
      a: tutti barrier x || echo "=> $?"
      b: sleep 100
  - name: ranks
    roles:
      a: { count: 4, run: 'for i in 1 2 3; do tutti barrier x --rank; done' }
`;

test('a wait that cannot be satisfied ends, and its message names the culprit', async () => {
  const cwd = await folder({ 'ends.yaml': ENDS });
  const run = await startTutti(['run', '--local', '--net', 'host', 'ends.yaml'], { cwd, input: '' });
  const { stderr } = await run.ended;
  const report = readReport(join(cwd, 'tutti-results/latest'));
  const the = (name: string) => named(report, name);
  const out = (name: string, who: string) => stdoutOf(cwd, the(name), who);
  const err = (name: string, who: string) => stderrOf(cwd, the(name), who);

  expect(the('nobody comes'), stderr).toMatchObject({ status: 'PASS' });
  expect(await out('nobody comes', 'a.0')).toBe('=> 124\n=> 1\n=> 124\n');
  const [late, broken, key] = (await err('nobody comes', 'a.0')).split('\n');
  expect(late).toMatch(/^tutti: TIMED_OUT: barrier "x" .*1 of 2 arrived; missing b\.0 on n\d: running$/);
  expect(broken).toBe(late?.replace('TIMED_OUT', 'BARRIER_BROKEN')); // it stays broken, with the same message
  expect(key).toMatch(/^tutti: TIMED_OUT: key "y" was not set within 0\.3 s$/);

  expect(await out('aborted', 'a.0')).toBe('=> 1\n=> 1\n');
  expect(await err('aborted', 'a.0')).toMatch(
    /^(tutti: BARRIER_ABORTED: barrier "x" .*no cable in port 3.*\n){2}$/,
  );

  const quarrel = (await err('no agreement', 'a.0')) + (await err('no agreement', 'b.0'));
  expect(quarrel).toMatch(/^(tutti: BARRIER_(DISAGREEMENT|BROKEN): .*\n){2}$/);
  expect(quarrel).toMatch(/DISAGREEMENT: .*2.*3|DISAGREEMENT: .*3.*2/);

  expect(the('some of them')).toMatchObject({ status: 'PASS' });
  expect([await out('some of them', 'a.0'), await out('some of them', 'a.1')].toSorted()).toEqual([
    '0\n',
    '1\n',
  ]);

  const leaves = the('leaves without a word');
  expect(await err('leaves without a word', 'a.0')).toMatch(
    /^tutti: BARRIER_BROKEN: barrier "x" broken after \S+ s: 1 of 2 arrived; missing b\.0 on n\d: ended with status 0\n$/,
  );
  // Whom it blames ended well, so somebody has to answer for it.
  expect(leaves).toMatchObject({ status: 'FAIL' });
  expect(member(leaves, 'a.0')).toMatchObject({ exit: 9, because_of: 'b.0' });

  expect(await err('nobody left to set it', 'a.0')).toMatch(
    /^tutti: WAIT_BROKEN: key "x" can no longer be set: .*b\.0 on n\d.*ended with status 0/,
  );

  expect(the('reaches the deadline')).toMatchObject({ status: 'INTERRUPTED' });
  expect(await out('reaches the deadline', 'a.0')).toBe('=> 124\n'); // 2 s before the test's own end

  const ranks = await Promise.all(
    [0, 1, 2, 3].map(async (i) => (await out('ranks', `a.${i}`)).trim().split('\n').map(Number)),
  );
  for (const round of [0, 1, 2])
    expect(new Set(ranks.map((mine) => mine[round]))).toEqual(new Set([0, 1, 2, 3]));
  expect(await leftovers(run, undefined, { within: 0 })).toEqual([]);
});

test('an agent killed while members wait changes nothing for them: each release once, with the rank of its arrival', async () => {
  const master = await startMaster();
  const [agent] = await agentsOf(master, 3);
  if (agent === undefined) throw new Error('no agent');
  const told = await traces();
  const cwd = await folder({});
  const flag = join(cwd, 'flag');
  const waitsAtMeet = (who: string) =>
    eventually(
      async () => {
        const { stdout } = await tutti(['ps', '1', '--json'], { env: master.env });
        const { members } = JSON.parse(stdout) as { members: { member: string; waits: { on: string }[] }[] };
        return members.find((each) => each.member === who)?.waits.some(({ on }) => on === 'barrier "meet"');
      },
      { timeout: 20_000 },
    );
  // first.0 waits at the barrier, and for a key, when its agent is killed; late.0 comes when that one is back.
  const run = await startTutti(
    [
      'run',
      '--timeout',
      '50s',
      '--role',
      `first=${told.tell}; tutti get key --wait & tutti barrier meet --rank; wait; tutti incr met; tutti barrier next --rank`,
      '--role',
      'second=tutti get second --wait >/dev/null; tutti barrier meet --rank; tutti incr met; tutti barrier next --rank',
      '--role',
      `late=while [ ! -e ${flag}.1 ]; do sleep 0.05; done; tutti set second 1
        while [ ! -e ${flag}.2 ]; do sleep 0.05; done; tutti set key value; tutti barrier meet --rank; tutti incr met; tutti barrier next --rank; tutti get met`,
    ], // prettier-ignore
    { cwd, env: master.env, input: '' },
  );
  await eventually(() => told.told === 1, { timeout: 20_000 });
  await waitsAtMeet('first.0');
  await writeFile(`${flag}.1`, '');
  await waitsAtMeet('second.0');

  agent.process.kill('SIGKILL');
  await agent.process.ended;
  await eventually(async () => (await stateOf(master, 'n1')) === 'unreachable', { timeout: 6000, every: 50 });
  await startAgent(master, { name: 'n1', state: agent.state });
  await writeFile(`${flag}.2`, '');

  const outcome = await run.ended;
  const [only] = readReport(join(cwd, 'tutti-results/latest')).tests;
  expect(outcome, await stderrOf(cwd, only, 'first.0')).toMatchObject({ code: 0 });
  const said = async (name: string) => (await stdoutOf(cwd, only, `${name}.0`)).trim().split('\n');
  const [first, second, late] = [await said('first'), await said('second'), await said('late')];
  expect(first).toContain('value');
  const ranks = [first.filter((line) => line !== 'value')[0], second[0], late[0]];
  expect(new Set(ranks)).toEqual(new Set(['0', '1', '2']));
  expect(ranks).toEqual(['0', '1', '2']); // first.0 kept its place
  expect(late.at(-1)).toBe('3');
  expect(attempt(only).barriers.map(({ name, generation, size }) => `${name} ${generation} ${size}`)).toEqual(
    ['meet 0 3', 'next 0 3'],
  );
  await eventually(() => told.left().length === 0);
});

test('`tutti ps` shows who waits for whom, and a circle for what it is', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const cwd = await folder({});
  const role = (own: string, other: string) =>
    `${own}=tutti lock ${own}; tutti barrier locked; tutti lock ${other}; exit 0`;
  const run = await startTutti(['run', '--role', role('a', 'b'), '--role', role('b', 'a')], {
    cwd,
    env: master.env,
    input: '',
  });
  const ps = async () => (await tutti(['ps', '1'], { env: master.env })).stdout;
  await eventually(async () => (await ps()).includes('waiting in a circle'), { timeout: 20_000, every: 100 });
  const shown = await ps();
  expect(shown).toMatch(/^run 1 adhoc: running\ntest adhoc: running for \d+ s, \d+ s left\n/);
  expect(shown).toMatch(/^a\.0 .* lock "b" for .*: held by b\.0$/m);
  expect(shown).toMatch(/^waiting in a circle: (?:a\.0 → b\.0 → a\.0|b\.0 → a\.0 → b\.0)$/m);
  const json = JSON.parse((await tutti(['ps', '1', '--json'], { env: master.env })).stdout) as object;
  expect(json).toMatchObject({
    head: { run: 1 },
    test: { circles: [expect.arrayContaining(['a.0', 'b.0'])] },
  });
  expect(await tutti(['ps', '99'], { env: master.env })).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('NO_SUCH_RUN'),
  });
  run.kill('SIGINT');
  expect(await run.ended).toMatchObject({ code: 130 });
});
