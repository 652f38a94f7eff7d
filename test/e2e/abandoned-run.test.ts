/** A run whose client is gone. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import { logOf } from './support/results.ts';
import { traces } from './support/traces.ts';
import { readReport, startMaster, startTutti } from './support/tutti.ts';

test('when the client that owns a run is killed, the run is cancelled after 30 s and its machines are free', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const told = await traces();
  const run = await startTutti(['run', '--role', `a=${told.tell}; echo up; sleep 1000`], {
    env: master.env,
    input: '',
  });
  await logOf(master, 'a.0', 'stdout.log', /up/);
  run.kill('SIGKILL');
  await run.ended;
  // Whoever waits for the machine gets it then.
  const next = await startTutti(['run', '--role', 'b=true'], { env: master.env, input: '' });
  await next.waitForLine('queued, needs 1 node');
  expect((await next.ended).code).toBe(0);
  const report = readReport(join(master.state, 'runs/1-adhoc'));
  expect(report).toMatchObject({
    status: 'INTERRUPTED',
    tests: [{ cause: 'the client that owned the run went away' }],
  });
  expect(told.left()).toEqual([]);
});
