/** Machines with a real master and agents: who waits for which, out of service and back, labels, prepare, release, power. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExplanationView } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { agentsOf, nodesOf, stateOf } from './support/pool.ts';
import { folder } from './support/results.ts';
import {
  eventually,
  type RunningMaster,
  startAgent,
  startMaster,
  startTutti,
  temporaryDirectory,
  tutti,
} from './support/tutti.ts';

/** Runs on two machines until the file `go` is there. */
async function waiting(count = 1) {
  const go = join(await temporaryDirectory(), 'go');
  const cwd = await folder({
    'suite.yaml': `
      suite: waits
      roles: { a: { count: ${count}, run: ./wait.sh } }
      tests: [{ name: waits, timeout: 1m, max-timeout: 1m }]`,
    'wait.sh': `#!/bin/sh\nuntil [ -e ${go} ]; do sleep 0.05; done\n`,
  });
  return { cwd, go: () => writeFile(go, '') };
}

async function ok(master: RunningMaster, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await tutti(args, { env: master.env });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return { stdout, stderr };
}

const running = (master: RunningMaster, name: string) =>
  eventually(async () => (await stateOf(master, name)) === 'running', { timeout: 15_000, every: 100 });

test('two runs race for the last machine: one gets it; explain says who has it, since when, and until when at most', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const { cwd, go } = await waiting();
  const submit = () => tutti(['submit', 'suite.yaml'], { cwd, env: master.env });
  const both = await Promise.all([submit(), submit()]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  const numbers = both.map(({ stdout }) => stdout.trim());
  await running(master, 'n1');
  const holder = (await nodesOf(master))[0]?.run;
  const other = numbers.find((number) => number !== String(holder)) ?? '';
  const { stdout } = await ok(master, 'explain', other);
  expect(stdout).toMatch(
    new RegExp(
      `^run ${other} has waited for \\d+ s; the first in the queue\n` +
        'it needs 1 node \\(a\\); 1 matches, 0 are free\n' +
        `  n1 is held by run ${holder} for \\d+ s, \\d+ min more at most\n` +
        'it starts in \\d+ min at the latest\n$',
    ),
  );
  const json = JSON.parse((await ok(master, 'explain', other, '--json')).stdout) as ExplanationView;
  expect(json).toMatchObject({
    head: { run: Number(other), phase: 'queued', waitsFor: 'needs 1 node (a); 1 matches, 0 are free' },
    waiting: { before: 0, wanted: 1, free: 0, others: [{ node: 'n1', why: 'held', run: holder }] },
  });
  expect((await ok(master, 'explain', String(holder))).stdout).toBe(
    `run ${holder} does not wait for machines: it is running\n`,
  );
  await go();
  for (const number of numbers) await ok(master, 'wait', number);
});

test('a run that no known machine can ever serve is refused with the nearest miss, and waits with --wait-for-nodes', async () => {
  const master = await startMaster();
  await startAgent(master, { name: 'n1', labels: { rack: 'a' } });
  const cwd = await folder({
    'suite.yaml': `
      suite: wants more
      roles: { a: { where: 'labels.rack == "b"', run: 'true' } }
      tests: [{ name: one }]`,
  });
  const refused = await tutti(['run', 'suite.yaml'], { cwd, env: master.env });
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain(
    'the run needs 1 node (a where labels.rack == "b"), the master knows 1 node, of which none matches; label rack is "a"',
  );
  const patient = await startTutti(['run', 'suite.yaml', '--wait-for-nodes'], { cwd, env: master.env });
  await patient.waitForLine('needs 1 node');
  await startAgent(master, { name: 'n2', labels: { rack: 'b' } });
  expect(await patient.ended).toMatchObject({ code: 0 });
});

test('drained, in maintenance or quarantined: no run gets the machine, whoever has it goes on, and a restart forgets nothing', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const { cwd, go } = await waiting(2);
  const first = await startTutti(['run', 'suite.yaml'], { cwd, env: master.env });
  await running(master, 'n2');
  const drained = await ok(master, 'drain', 'n[1-2]', '--reason', 'moving racks');
  expect(drained.stderr).toMatch(/^n1 is drained; run 1 still has it\nn2 is drained; run 1 still has it\n$/);
  expect((await ok(master, 'nodes')).stdout).toMatch(
    /^n1 +running, drained +1 [\s\S]*\nn1 is drained for \d+ s: moving racks\n/m,
  );
  await go();
  expect(await first.ended).toMatchObject({ code: 0 });
  await eventually(async () => (await stateOf(master, 'n1')) === 'drained', { every: 100 });

  const second = await startTutti(['run', 'suite.yaml'], { cwd, env: master.env });
  await second.waitForLine('needs 2 nodes (a 2); 2 match, 0 are free');
  const why = (await ok(master, 'explain', 'last')).stdout;
  expect(why).toMatch(/^ {2}n1 is drained for \d+ s: moving racks$/m);
  expect(why).toContain('it cannot start: the machines in service do not suffice');

  await ok(master, 'drain', 'n1', 'n2', '--off');
  expect(await second.ended).toMatchObject({ code: 0 });

  await ok(master, 'quarantine', 'n1', '--reason', 'fails in the cold');
  await ok(master, 'maintenance', 'n2');
  await ok(master, 'label', 'n2', 'rack=b', 'spare');
  master.process.kill('SIGKILL');
  await master.process.ended;
  const next = await startMaster({ state: master.state, listen: new URL(master.url).host });
  await eventually(async () => (await nodesOf(next)).every(({ connected }) => connected), { every: 100 });
  expect(await nodesOf(next)).toMatchObject([
    { name: 'n1', state: 'quarantined', quarantined: { reason: 'fails in the cold' } },
    { name: 'n2', state: 'maintenance', labels: { rack: 'b', spare: '' } },
  ]);
  expect((await ok(next, 'nodes', '-w', '"spare" in labels')).stdout).toMatch(/^NAME.*\nn2 +maintenance /);
  await ok(next, 'label', 'n2', 'spare-');
  expect((await ok(next, 'quarantine', 'n1', '--off')).stderr).toBe(
    'n1 is no longer quarantined: it is idle\n',
  );
});

test('what is not understood is refused with advice', async () => {
  const master = await startMaster();
  await startAgent(master, { name: 'web-1' });
  const says = async (code: number, words: string, ...args: string[]) => {
    const outcome = await tutti(args, { env: master.env });
    expect(outcome.stderr).toContain(words);
    expect(outcome.code).toBe(code);
  };
  await says(64, 'the master knows no machine "web-2"; did you mean "web-1"?', 'drain', 'web-1', 'web-2');
  expect(await stateOf(master, 'web-1')).toBe('idle');
  await says(64, 'did you mean "cpus"?', 'nodes', '-w', 'cpu > 2');
  await says(64, 'say why with --reason', 'quarantine', 'web-1');
  await says(64, 'the action is on, off, cycle, not "reset"', 'power', 'web-1', 'reset');
  await says(64, 'nodes.yaml has no command "power: off" for web-1', 'power', 'web-1', 'off');
});

test('machines are prepared and released; a prepare that hangs is killed, its machine is cycled once, then quarantined', async () => {
  const state = await temporaryDirectory();
  const lab = await folder({ log: '' });
  const told = () => readFile(join(lab, 'log'), 'utf8');
  const tell = (what: string) => `echo "${what} $TUTTI_NODE" >>${lab}/log`;
  const hangs = `[ "$TUTTI_NODE" = n2 ] || exit 0; echo hanging on $TUTTI_ADDRESS; (trap '' TERM; sleep 600)`;
  await writeFile(
    join(state, 'nodes.yaml'),
    `
machines:
  - prepare: { run: ${JSON.stringify(`${tell('prepare')}; ${hangs}`)}, timeout: 1s }
    release: ${JSON.stringify(tell('release'))}
  - where: name == "n2"
    power: { cycle: ${JSON.stringify(tell('cycle'))}, off: 'echo dark; exit 4', back: 2s }
`,
  );
  const master = await startMaster({ state });
  await agentsOf(master, 2);
  const { cwd, go } = await waiting(2);
  await go();
  const number = (await tutti(['submit', 'suite.yaml'], { cwd, env: master.env })).stdout.trim();
  await eventually(async () => (await stateOf(master, 'n2')) === 'quarantined', {
    timeout: 20_000,
    every: 100,
  });
  const [n1, n2] = await nodesOf(master);
  expect(n2?.quarantined?.reason).toMatch(
    /^its prepare did not end within 1 s \(last line: "hanging on .+"\); it did not come back within 2 s of its power being cycled$/,
  );
  expect(n1).toMatchObject({ state: 'idle' });
  const dir = join(state, 'runs', `${number}-waits`, 'nodes/n2');
  expect(await readFile(join(dir, 'prepare.log'), 'utf8')).toMatch(/^hanging on /);
  expect(existsSync(join(dir, 'power.log'))).toBe(true);
  expect((await told()).split('\n')).toEqual(
    expect.arrayContaining(['prepare n1', 'cycle n2', 'release n1']),
  );
  expect((await ok(master, 'explain', number)).stdout).toContain('n2 is quarantined');

  // The mistake in the file is told, and what was there stays; then it is mended.
  const yaml = join(state, 'nodes.yaml');
  const before = await readFile(yaml, 'utf8');
  await writeFile(yaml, before.replace('release:', 'relaese:'));
  master.process.kill('SIGHUP');
  await master.process.waitForLine(/nodes\.yaml stays as it was.*did you mean .*release/);
  const dark = await tutti(['power', 'n2', 'off'], { env: master.env });
  expect(dark).toMatchObject({ code: 2 });
  expect(dark.stderr).toContain('the command "power: off" of n2 ended with status 4 (last line: "dark")');
  await writeFile(yaml, before.replace('; exit 4', '').replace('= n2', '= n9'));
  master.process.kill('SIGHUP');
  await eventually(async () => (await tutti(['power', 'n2', 'off'], { env: master.env })).code === 0, {
    every: 200,
  });
  await ok(master, 'quarantine', 'n2', '--off');
  await ok(master, 'wait', number);
  await eventually(async () => (await told()).includes('release n2'), { every: 50 });
  expect(await stateOf(master, 'n2')).toBe('idle');
});
