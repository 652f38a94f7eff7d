/** What has become of a test in run after run, and of the members of a machine. */
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import { folder } from './support/results.ts';
import { startMaster, tutti } from './support/tutti.ts';

test('a test that fails on one machine: its history and the health of the machines say so', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const cwd = await folder({
    'suite.yaml': `
suite: net
params: { good: none }
tests:
  - name: throughput
    roles: { a: { count: 2, run: 'test "$TUTTI_NODE" = n1 || [ "$TUTTI_PARAM_GOOD" = yes ]' } }
`,
  });
  const { env } = master;
  for (const [good, code] of [
    ['no', 1],
    ['yes', 0],
  ] as const)
    expect(await tutti(['run', 'suite.yaml', '--param', `good=${good}`], { cwd, env })).toMatchObject({
      code,
    });

  const asked = await tutti(['history', 'throughput', '--suite', 'n*', '--json'], { env });
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(asked.stdout)).toMatchObject({
    results: [
      { run: 2, status: 'PASS', attempts: 1 },
      { run: 1, status: 'FAIL', attempts: 1 },
    ],
    summary: {
      ...{ results: 2, ran: 2, ok: 1, flaky: 0 },
      nodes: [
        { node: 'n2', members: 2, notOk: 1, share: 0.5 },
        { node: 'n1', members: 2, notOk: 0 },
      ],
    },
  });
  const { stdout } = await tutti(['history', 'throughput', '-n', '1'], { env });
  expect(stdout).toMatch(/^RUN .*\n2 +net +PASS .* n1 n2\n\n1 of 1 ok \(100 %\), 0 flaky \(0 %\)\n$/);

  const mistaken = await tutti(['history', 'thruoghput'], { env });
  expect(mistaken.code).toBe(64);
  expect(mistaken.stderr).toContain('did you mean "throughput"?');

  const health = await tutti(['nodes', '--health'], { env });
  expect(health.stdout).toMatch(/^n1 +2 .* - +- +- +-$/m);
  expect(health.stdout).toMatch(
    /^n2 +2 .* 1 +- +- .*FAIL of a\.1 in throughput, run 1: exited with status 1$/m,
  );
});
