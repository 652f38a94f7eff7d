/** Test programs that print TAP, roles that wait for each other to start, and both across restarts of master and agent. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import { attempt, folder, logOf, member, named, stdoutOf } from './support/results.ts';
import { readReport, reportMistakes, startAgent, startMaster, startTutti, tutti } from './support/tutti.ts';

const TAP = `
suite: selftests
tests:
  - name: good
    roles:
      a: { parse: tap, run: "./good.sh" }
  - name: bad
    roles:
      a: { parse: tap, run: "./bad.sh" }
  - name: torn
    roles:
      a: { parse: tap, run: "echo 1..3; echo ok 1 - first; printf 'ok 2 - sec'" }
  - name: nothing to do
    roles:
      a: { parse: tap, run: "echo '1..0 # SKIP no hardware'" }
  - name: not read
    roles:
      a: "echo 1..1; echo not ok 1"
`;

test('what a program prints as TAP is what its report says', async () => {
  const cwd = await folder({
    'suite.yaml': TAP,
    'good.sh':
      '#!/bin/sh\ntutti result own pass\necho KTAP version 1\necho 1..1\necho "  KTAP version 1"\necho "  1..2"\necho "  ok 1 up"\necho "  ok 2 down # SKIP later"\necho "ok 1 net"\n',
    'bad.sh':
      '#!/bin/sh\necho 1..2\necho "not ok 1 - mount"\necho "# wrong superblock"\necho "ok 2 - umount"\n',
  });
  const { code } = await tutti(['run', '--local', 'suite.yaml'], { cwd });
  expect(code).toBe(1);
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);

  const good = named(report, 'good');
  expect(good.status).toBe('PASS');
  expect(attempt(good).subtests.map(({ name, status }) => `${status} ${name}`)).toEqual([
    'PASS own',
    'PASS net / up',
    'SKIP net / down',
    'PASS net',
  ]);
  expect(named(report, 'bad')).toMatchObject({
    status: 'FAIL',
    cause: expect.stringMatching(/^a\.0 on \S+ reported "not ok" of "mount": wrong superblock$/) as string,
  });
  expect(named(report, 'torn')).toMatchObject({
    status: 'FAIL',
    cause: expect.stringContaining(
      'printed TAP that is not whole: "(plan)": 3 tests were planned, 1 is missing: 3',
    ) as string,
  });
  expect(named(report, 'nothing to do')).toMatchObject({ status: 'SKIP' });
  expect(named(report, 'not read').status).toBe('PASS');
});

test('a role that starts after another starts once, though master and agent are killed in between', async () => {
  const master = await startMaster();
  const [agent] = await agentsOf(master, 3);
  const dir = await folder({});
  const flags = ['said', 'go'].map((name) => join(dir, name));
  const cwd = await folder({
    'suite.yaml': `
suite: order
tests:
  - name: order
    timeout: 60s
    grace: 30s
    roles:
      server:
        count: 2
        run: |
          echo 1..2
          echo "ok 1 - up"
          if [ "$TUTTI_INDEX" = 1 ]; then while [ ! -e ${flags[0]} ]; do sleep 0.05; done; fi
          tutti mark 'on its way'
          tutti mark started
          tutti barrier done
          echo "ok 2 - down"
        parse: tap
      client:
        start: after server
        run: |
          echo begun
          while [ ! -e ${flags[1]} ]; do sleep 0.05; done
          tutti barrier done
`,
  });
  const run = await startTutti(['run', 'suite.yaml'], { cwd, env: master.env, input: '' });
  const place = 'tests/01-order';
  await logOf(master, 'server.0', 'events.log', /"started"/, place);
  await logOf(master, 'server.1', 'stdout.log', /ok 1/, place);

  // Held back by a master that has heard one of two; the next one knows that.
  master.process.kill('SIGKILL');
  await master.process.ended;
  const next = await startMaster({ state: master.state, listen: master.url.replace('ws://', '') });
  agent?.process.kill('SIGKILL');
  await agent?.process.ended;
  await writeFile(flags[0] ?? '', '');
  if (agent !== undefined) await startAgent(next, { name: 'n1', state: agent.state });
  await logOf(next, 'client.0', 'stdout.log', /begun/, place);

  // Started already: not once more by the third.
  next.process.kill('SIGKILL');
  await next.process.ended;
  await startMaster({ state: master.state, listen: master.url.replace('ws://', '') });
  await writeFile(flags[1] ?? '', '');
  expect(await run.ended).toMatchObject({ code: 0 });

  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  const order = named(report, 'order');
  expect(await stdoutOf(cwd, order, 'client.0')).toBe('begun\n');
  const { marks = [], subtests } = attempt(order);
  expect(marks.map(({ member: who, name }) => `${who} ${name}`).toSorted()).toEqual([
    'server.0 on its way',
    'server.0 started',
    'server.1 on its way',
    'server.1 started',
  ]);
  expect(subtests.map(({ member: who, name }) => `${who} ${name}`)).toEqual([
    'server.0 up',
    'server.0 down',
    'server.1 up',
    'server.1 down',
  ]);
  const started = marks.filter(({ name }) => name === 'started').map(({ at }) => at);
  expect(member(order, 'client.0').started).toBeGreaterThanOrEqual(Math.max(...started));
});

test('a role whose server never says that it has started is not started', async () => {
  const cwd = await folder({
    'suite.yaml': `
suite: order
tests:
  - name: silent
    roles:
      server: echo up
      client: { start: after server, run: echo begun }
`,
  });
  const { code } = await tutti(['run', '--local', 'suite.yaml'], { cwd });
  expect(code).toBe(1);
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  expect(named(report, 'silent')).toMatchObject({
    status: 'FAIL',
    cause: expect.stringMatching(
      /^client\.0 on \S+ was never started: it starts after server, and server\.0 on \S+ ended with status 0 without/,
    ) as string,
  });
});
