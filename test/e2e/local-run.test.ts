/** `tutti run --local`: what a person types, what the report then says, what the shell gets, and that nothing stays. */
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attempt, folder, member, named, stdoutOf, textOf } from './support/results.ts';
import { leftovers, traces } from './support/traces.ts';
import { eventually, readReport, reportMistakes, startTutti, tutti } from './support/tutti.ts';

test('roles with counts, inline and from files, meet and end in one report', async () => {
  const told = await traces();
  const cwd = await folder({
    'client.sh': `#!/bin/sh -e
      ${told.tell}
      cat data/greeting
      echo "size $TUTTI_PARAM_SIZE, server at $(tutti addr server)"
      tutti barrier go`,
    'data/greeting': 'hello\n',
    'not-named': 'stays here\n',
  });
  const run = await startTutti(
    // prettier-ignore
    [
      'run',
      '--local',
      '--role',
      `server=${told.tell}; ls; tutti barrier go --json`,
      '--role',
      'client:2=./client.sh',
      '--file',
      'data',
      '--param',
      'size=3',
      '--name',
      'greeting',
      '--timeout',
      '30s',
    ],
    { cwd, input: '' },
  );
  const outcome = await run.ended;
  expect(outcome).toMatchObject({ code: 0 });
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  expect(report).toMatchObject({ run: 1, suite: 'greeting', status: 'PASS', summary: { total: 1, pass: 1 } });
  const [only] = report.tests;
  expect(only).toMatchObject({ status: 'PASS', params: { size: '3' } });
  const { members, barriers } = attempt(only);
  expect(members).toMatchObject([
    { member: 'server.0', node: 'n1', exit: 0 },
    { member: 'client.0', node: 'n2', exit: 0 },
    { member: 'client.1', node: 'n3', exit: 0 },
  ]);
  expect(barriers).toMatchObject([{ name: 'go', generation: 0, size: 3 }]);
  expect(await stdoutOf(cwd, only, 'client.1')).toMatch(/^hello\nsize 3, server at \d+\.\d+\.\d+\.\d+\n$/);
  expect(await stdoutOf(cwd, only, 'server.0')).toMatch(
    /^client\.sh\ndata\n\{"generation":0,"rank":\d,"size":3,"data":\{\}\}\n$/,
  );
  expect(outcome.stdout).toContain('report: tutti-results/latest/report.yaml');
  expect(outcome.stderr).toMatch(/^3 agents (in network namespaces|on this host's network)/);
  expect(told.told).toBe(3);
  expect(await leftovers(run, told, { within: 0 })).toEqual([]);
});

const VERDICTS = `
suite: verdicts
params: { colour: red, size: 1 }
env: { FROM_SUITE: everywhere }
timeout: 60s
linger: 30s
tests:
  - name: pass
    params: { size: 2 }
    roles:
      a: { run: 'echo "$TUTTI_PARAM_COLOUR $TUTTI_PARAM_SIZE $TUTTI_PARAM_ROUND $FROM_SUITE $FROM_ROLE"', params: { round: 7 }, env: { FROM_ROLE: here } }
  - name: because of another
    roles:
      a: 'echo "bind: address in use" >&2; exit 3'
      b: tutti barrier ready
  - name: not essential
    roles:
      a: tutti get nothing --wait || true
      b: { run: 'exit 5', essential: false }
  - name: warned
    roles:
      a: |
        tutti result cold warn --message "12 degrees"
        tutti result warm pass --measure 20.5 --unit C
  - name: failed subtest
    roles:
      a: tutti result broken fail
  - name: skipped
    roles:
      a: 'echo no such card; exit 77'
  - name: broken lab
    roles:
      a: 'echo no cable; exit 99'
      b: sleep 100
  - name: linger enough
    linger: 20s
    roles:
      a: exit 1
      b: 'while [ -z "$(tutti get done || true)" ]; do tutti set done 1; done; exit 4'
  - name: linger over
    linger: 300ms
    roles:
      a: exit 1
      b: sleep 100
  - name: stuck
    timeout: 4s
    roles:
      a: tutti barrier meet --timeout 60s
      b: sleep 100
  - name: stuck at a key
    timeout: 4s
    roles:
      a: tutti get nothing --wait --timeout 60s
      b: sleep 100
`;

test('several tests run one after another, and each gets the verdict that its members deserve', async () => {
  const cwd = await folder({ 'verdicts.yaml': VERDICTS });
  const run = await startTutti(['run', '--local', 'verdicts.yaml', '--param', 'colour=blue'], {
    cwd,
    input: '',
  });
  const outcome = await run.ended;
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  const got = Object.fromEntries(report.tests.map(({ name, status }) => [name, status]));
  expect(got).toEqual({
    pass: 'PASS',
    'because of another': 'FAIL',
    'not essential': 'PASS',
    warned: 'WARN',
    'failed subtest': 'FAIL',
    skipped: 'SKIP',
    'broken lab': 'ERROR',
    'linger enough': 'FAIL',
    'linger over': 'FAIL',
    stuck: 'INTERRUPTED',
    'stuck at a key': 'INTERRUPTED',
  });
  expect(outcome.code).toBe(2);
  expect(report).toMatchObject({
    status: 'ERROR',
    summary: { total: 11, pass: 2, warn: 1, skip: 1, fail: 4, interrupted: 2, error: 1 },
  });
  const the = (name: string) => named(report, name);

  expect(await stdoutOf(cwd, the('pass'), 'a.0')).toBe('blue 2 7 everywhere here\n');
  expect(the('pass').params).toEqual({ colour: 'blue', size: 2 });

  const culprit = 'exited with status 3 (last line: "bind: address in use")';
  expect(the('because of another').cause).toBe(`a.0 on n1 ${culprit}`);
  const victim = member(the('because of another'), 'b.0');
  expect(victim).toMatchObject({ status: 'FAIL', exit: 1, because_of: 'a.0' });
  expect(await textOf(cwd, victim.dir, 'stderr.log')).toMatch(
    new RegExp(`barrier "ready" .*missing a\\.0 on n1: ${RegExp.escape(culprit)}`),
  );

  expect(member(the('not essential'), 'b.0')).toMatchObject({ status: 'FAIL', exit: 5 });
  const at = expect.any(Number);
  expect(attempt(the('warned')).subtests).toEqual([
    { name: 'cold', member: 'a.0', status: 'WARN', message: '12 degrees', at },
    { name: 'warm', member: 'a.0', status: 'PASS', measure: 20.5, unit: 'C', at },
  ]);
  expect(the('failed subtest').cause).toContain('reported subtest "broken" fail');
  expect(the('skipped').cause).toContain('no such card');
  expect(the('broken lab').cause).toBe('a.0 on n1 exited with status 99 (last line: "no cable")');
  expect(member(the('broken lab'), 'b.0')).toMatchObject({ status: 'CANCEL', stopped: 'test over' });
  expect(the('broken lab').duration).toBeLessThan(9);

  expect(member(the('linger enough'), 'b.0')).toMatchObject({ status: 'FAIL', exit: 4 });
  expect(the('linger enough').cause).toBe('a.0 on n1 exited with status 1');
  expect(member(the('linger over'), 'b.0')).toMatchObject({ status: 'CANCEL', stopped: 'test over' });

  expect(the('stuck').cause).toMatch(
    /^timed out after 4 s: a\.0 has waited at barrier "meet" for \d.* s, missing b\.0; b\.0 on n2 still running$/,
  );
  expect(the('stuck at a key').cause).toMatch(
    /^timed out after 4 s: a\.0 has waited at key "nothing" for \d.* s; b\.0 on n2 still running$/,
  );
  for (const name of ['a.0', 'b.0']) {
    expect(member(the('stuck'), name)).toMatchObject({ status: 'INTERRUPTED', stopped: 'timeout' });
  }
  expect(await leftovers(run, undefined, { within: 0 })).toEqual([]);
});

test.for([
  { only: ['pass', 'warned', 'not*'], code: 0, status: 'WARN', total: 3 },
  { only: ['linger over'], code: 1, status: 'FAIL', total: 1 },
  { only: ['skip*'], code: 4, status: 'SKIP', total: 1 },
  { only: ['stuck'], code: 124, status: 'INTERRUPTED', total: 1 },
  { only: ['pass', 'skipped'], code: 0, status: 'SKIP', total: 2 },
])('a run of the tests $only is $status and exits with $code', async ({ only, code, status, total }) => {
  const cwd = await folder({ 'verdicts.yaml': VERDICTS });
  const outcome = await tutti(
    ['run', '--local', '--net', 'host', 'verdicts.yaml', ...only.flatMap((glob) => ['--only', glob])],
    {
      cwd,
    },
  );
  expect(outcome, outcome.stderr).toMatchObject({ code });
  expect(readReport(join(cwd, 'tutti-results/latest'))).toMatchObject({ status, summary: { total } });
});

test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s cancels the run: what was written is kept, later tests are not run, the exit status is 130',
  async (signal) => {
    const told = await traces();
    const cwd = await folder({
      'two.yaml': `
        tests:
          - name: long
            roles: { a: '${told.tell}; echo begun; tutti set begun 1; sleep 1000' }
          - name: never
            roles: { a: 'true' }`,
    });
    const run = await startTutti(['run', '--local', 'two.yaml'], { cwd, input: '' });
    await eventually(() => told.told === 1, { timeout: 20_000 });
    await run.waitForLine('running');
    await eventually(
      async () => (await textOf(cwd, 'tests/01-long/attempt-1/a.0', 'stdout.log')) === 'begun\n',
    );
    run.kill(signal);
    const outcome = await run.ended;
    expect(outcome).toMatchObject({ code: 130 });
    expect(outcome.stderr).toContain(`${signal}: cancelling the run`);
    const report = readReport(join(cwd, 'tutti-results/latest'));
    expect(report).toMatchObject({ status: 'INTERRUPTED', summary: { total: 2, interrupted: 2 } });
    expect(report.tests[0]?.cause).toBe(`cancelled by ${signal}`);
    expect(report.tests[1]).toMatchObject({ attempts: [], cause: `not run: cancelled by ${signal}` });
    expect(await stdoutOf(cwd, report.tests[0], 'a.0')).toBe('begun\n');
    expect(await leftovers(run, told, { within: 0 })).toEqual([]);
  },
);

test('a second Ctrl-C does not wait, and still nothing is left', async () => {
  const told = await traces();
  const cwd = await folder({});
  const run = await startTutti(
    ['run', '--local', '--role', `a=${told.tell}; trap '' TERM; while :; do sleep 1; done`],
    { cwd, input: '' },
  );
  await eventually(() => told.told === 1, { timeout: 20_000 });
  run.kill('SIGINT');
  await run.waitForLine('SIGINT: cancelling the run');
  run.kill('SIGINT');
  const pressed = performance.now();
  expect(await run.ended).toMatchObject({ code: 130 });
  expect(performance.now() - pressed).toBeLessThan(3000); // the stop ladder alone takes 5 s
  expect(await leftovers(run, told)).toEqual([]);
});

test('results are numbered, and latest is the newest', async () => {
  const cwd = await folder({});
  for (const name of ['first', 'second']) {
    const { code } = await tutti(
      ['run', '--local', '--net', 'host', '--name', name, '--report', 'kept', '--role', 'a=true'],
      { cwd },
    );
    expect(code).toBe(0);
  }
  expect((await readdir(join(cwd, 'kept'))).filter((name) => !name.startsWith('.')).toSorted()).toEqual([
    '1-first',
    '2-second',
    'latest',
  ]);
  expect(await readlink(join(cwd, 'kept/latest'))).toBe('2-second');
  expect(await readdir(cwd)).toEqual(['kept']);
});
