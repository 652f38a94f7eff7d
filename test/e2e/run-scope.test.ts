/** What the tests of one run share, though the master between them is another. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import { folder, logOf, named, stdoutOf } from './support/results.ts';
import { readReport, reportMistakes, startMaster, startTutti, tutti } from './support/tutti.ts';

const SUITE = (flag: string) => `
suite: shared
tests:
  - name: first
    timeout: 60s
    roles:
      a: |
        tutti set image '{"id": 7}' --scope run
        tutti incr boots 2 --scope run
        tutti send log 'from the first' --scope run
        tutti set image 'of the attempt'
        tutti lock rack --scope run
  - name: second
    timeout: 60s
    roles:
      a: |
        echo begun
        while [ ! -e ${flag} ]; do sleep 0.05; done
        tutti get image --scope run
        tutti incr boots --scope run
        tutti recv log --scope run
        tutti lock rack --scope run --timeout 20s
        tutti keys --scope run
        if tutti get image; then exit 1; fi
        python3 -c 'import tutti; print(tutti.get("image", scope="run")["id"])'
        tutti get never --wait --scope run
`;

test('what one test sets in run scope the next one gets, also from another master', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const flag = join(await folder({}), 'flag');
  const cwd = await folder({ 'suite.yaml': SUITE(flag) });
  const run = await startTutti(['run', 'suite.yaml'], { cwd, env: master.env, input: '' });
  await logOf(master, 'a.0', 'stdout.log', /begun/, 'tests/02-second');
  master.process.kill('SIGKILL');
  await master.process.ended;
  await startMaster({ state: master.state, listen: master.url.replace('ws://', '') });
  await writeFile(flag, '');
  expect(await run.ended).toMatchObject({ code: 1 });

  const results = join(cwd, 'tutti-results/latest');
  const report = readReport(results);
  expect(reportMistakes(report)).toEqual([]);
  expect(named(report, 'first')).toMatchObject({ status: 'PASS' });
  const second = named(report, 'second');
  expect(await stdoutOf(cwd, second, 'a.0')).toBe(
    ['begun', '{"id":7}', '3', 'from the first', 'boots', 'image', '7', ''].join('\n'),
  );
  expect(second).toMatchObject({
    status: 'FAIL',
    cause: expect.stringContaining(
      'WAIT_BROKEN: key \\"never\\" can no longer be set: first/a.0 on n1: ended with status 0',
    ) as string,
  });
});

test('ps shows who waits in run scope, and for whom', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const cwd = await folder({});
  const roles = ['--role', 'a=tutti barrier all --count 2 --scope run', '--role', 'b=sleep 60'];
  const run = await startTutti(['run', ...roles], { cwd, env: master.env, input: '' });
  await expect
    .poll(async () => (await tutti(['ps', '1'], { env: master.env })).stdout, { timeout: 20_000 })
    .toMatch(/barrier "all" of the run.*missing adhoc\/b\.0/);
  run.kill('SIGINT');
  await run.ended;
});
