/** The prompt, driven as a person drives it: keys typed into a real terminal, and what is on its screen. */
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stateOf } from './support/pool.ts';
import { openTerminal } from './support/terminal.ts';
import {
  eventually,
  type RunningMaster,
  startAgent,
  startMaster,
  temporaryDirectory,
  tutti,
} from './support/tutti.ts';

async function lab(...names: string[]): Promise<RunningMaster> {
  const master = await startMaster();
  await Promise.all(names.map((name) => startAgent(master, { name })));
  return master;
}

const PROMPT = /tutti>$/;

test('machines by name, by glob, by selector; commands on them; mistakes with what was meant', async () => {
  const master = await lab('web-1', 'web-2', 'base');
  const terminal = await openTerminal(['repl'], { env: master.env });
  await terminal.waitFor(/3 machines, no run yet; help says what there is\ntutti>$/);
  await terminal.enter('nodes');
  await terminal.waitFor(/^NAME +STATE[^]*^base +idle[^]*^web-1 +idle[^]*^web-2 +idle/m);
  await terminal.enter("nodes.base.run('echo $((6 * 7)) from a shell')");
  await terminal.waitFor(/^42 from a shell$/m);
  await terminal.enter("nodes['web*'].run('echo here')");
  await terminal.waitFor(/^web-1 \| here\nweb-2 \| here$/m);
  await terminal.enter("where('name == \"base\"').run('echo chosen')");
  await terminal.waitFor(/^base \| chosen$/m);
  await terminal.enter("all.run('echo everywhere')");
  await terminal.waitFor(/^base {2}\| everywhere\nweb-1 \| everywhere\nweb-2 \| everywhere$/m);
  await terminal.enter("nodes.base.run('echo to stderr >&2; exit 3')");
  await terminal.waitFor(
    /^to stderr\nexited with status 3 after .* s\ntutti: "echo .*" on base exited with status 3/m,
  );
  await terminal.enter("const { stdout } = await nodes.base.run('hostname'); stdout.length > 0");
  await terminal.waitFor(/^true$/m);
  await terminal.enter('nodes.baes');
  await terminal.waitFor(/^tutti: the master knows no machine "baes"; did you mean "base"\?$/m);
  await terminal.enter('nodes.base.rum()');
  await terminal.waitFor(/^tutti: nodes.base has no rum; did you mean run\?$/m);
  await terminal.type('', 'C-d');
  expect(await terminal.waitFor(/^ended 0$/m)).toMatch(/^ended 0$/m);
});

test('Tab completes what is there now: machines, methods, runs, suites and their tests', async () => {
  const master = await lab('alpha');
  const cwd = await temporaryDirectory();
  const steps = { roles: { a: 'true' } };
  const suite = {
    tests: [
      { name: 'throughput', ...steps },
      { name: 'latency', ...steps },
    ],
  };
  await writeFile(join(cwd, 'net.yaml'), JSON.stringify(suite));
  const terminal = await openTerminal(['repl'], { env: master.env, cwd });
  await terminal.waitFor(PROMPT);
  await terminal.type('no', 'Tab');
  await terminal.waitFor(/tutti> nodes$/);
  await terminal.type('.al', 'Tab');
  await terminal.waitFor(/tutti> nodes\.alpha$/);
  await terminal.type('.fac', 'Tab');
  await terminal.waitFor(/tutti> nodes\.alpha\.facts$/);
  await terminal.type('', 'C-c');
  await startAgent(master, { name: 'web-1' });
  await terminal.enter("nodes.has('web-1')");
  await terminal.type("nodes['we", 'Tab');
  await terminal.waitFor(/tutti> nodes\['web-1'\]$/);
  await terminal.type('', 'C-c');
  await terminal.type("suites.net.run('thr", 'Tab');
  await terminal.waitFor(/tutti> suites\.net\.run\('throughput'$/);
  await terminal.enter(')');
  await terminal.waitFor(/^run 1 net: PASS in .* s$/m);
  await terminal.type('runs[', 'Tab');
  await terminal.waitFor(/tutti> runs\[1\]$/);
  await terminal.type('.tests.thr', 'Tab');
  expect(await terminal.waitFor(/tutti> runs\[1\]\.tests\.throughput$/)).toMatch(
    /tutti> runs\[1\]\.tests\.throughput$/,
  );
});

test('Ctrl-C interrupts what runs on a machine, not the session', async () => {
  const master = await lab('n1');
  const dir = await temporaryDirectory();
  const terminal = await openTerminal(['repl'], { env: master.env });
  await terminal.waitFor(PROMPT);
  const script = `echo $$ > ${dir}/pid; trap 'echo gone > ${dir}/gone; exit' TERM; while :; do sleep 0.05; done`;
  await terminal.enter(`nodes.n1.run(${JSON.stringify(script)})`);
  await eventually(() => readFile(join(dir, 'pid'), 'utf8'));
  await terminal.type('', 'C-c');
  await terminal.waitFor(/\^C interrupting; once more to leave it behind\n[^]*is being stopped\n/);
  await eventually(() => readFile(join(dir, 'gone'), 'utf8'));
  // What does not listen is left behind.
  await terminal.enter('await new Promise(() => {})');
  await terminal.type('', 'C-c', 'C-c');
  await terminal.waitFor(/^tutti: interrupted$/m);
  // What is typed meanwhile is read when it is its turn.
  await terminal.enter("nodes.n1.run('sleep 0.3; echo first')");
  await terminal.enter("'typed ' + 'ahead'");
  await terminal.waitFor(/^first\ntutti> 'typed ' \+ 'ahead'\n'typed ahead'$/m);
  await terminal.enter('6 * 7');
  await terminal.waitFor(/^42$/m);
  // A run that is followed is cancelled, and its end waited for.
  await terminal.enter(`suites.runRoles(['a=touch ${dir}/begun; sleep 60'], { name: 'long' })`);
  await eventually(() => stat(join(dir, 'begun')), { timeout: 20_000 });
  await terminal.type('', 'C-c');
  await terminal.waitFor(/^run 1 long: INTERRUPTED in/m);
  // At an empty prompt, twice.
  await terminal.type('', 'C-c', 'C-c');
  expect(await terminal.waitFor(/^ended 0$/m)).toMatch(/^ended 0$/m);
});

test('suites are listed, shown, run and followed; runs are looked at', async () => {
  const master = await lab('n1', 'n2');
  const cwd = await temporaryDirectory();
  await mkdir(join(cwd, 'dir'));
  await writeFile(join(cwd, 'dir/one.test.sh'), '#!/bin/sh\necho one');
  await chmod(join(cwd, 'dir/one.test.sh'), 0o755);
  const roles = { server: 'echo serving', client: { run: 'echo asking; exit 1' } };
  const tests = [
    { name: 'good', roles: { server: 'true' } },
    { name: 'bad', roles },
  ];
  await writeFile(join(cwd, 'net.yaml'), JSON.stringify({ tests }));
  const terminal = await openTerminal(['repl'], { env: master.env, cwd, rows: 60 });
  await terminal.waitFor(PROMPT);
  await terminal.enter('suites');
  await terminal.waitFor(/^SUITE +TESTS +PATH\ndir +1 .*\nnet +2 /m);
  await terminal.enter('suites.net.show()');
  await terminal.waitFor(/^bad +- +server client[^]*2 tests, 2 roles, at most 2 machines/m);
  await terminal.enter('suites.net.run()');
  await terminal.waitFor(/^PASS +good[^]*^FAIL +bad[^]*^run 1 net: FAIL in .* s/m);
  await terminal.type('', 'C-l');
  await terminal.enter('runs.last.report()');
  await terminal.waitFor(/^FAIL +bad[^]*client.0 on n\d exited with status 1[^]*2 tests: 1 PASS, 1 FAIL in/m);
  await terminal.enter("runs.last.logs('server')");
  await terminal.waitFor(/server.0 \| serving/);
  await terminal.enter('runs');
  await terminal.waitFor(/^RUN +SUITE[^]*^1 +net +FAIL +2\/2, 1 not ok/m);
  await writeFile(join(cwd, 'net.yaml'), JSON.stringify({ tests: [...tests, { ...tests[0], name: 'new' }] }));
  await terminal.enter('suites.net.reload()');
  await terminal.waitFor(/^net: 3 tests; new: new$/m);
  await terminal.enter('suites.met');
  expect(await terminal.waitFor(/did you mean "net"\?/)).toMatch(/did you mean "net"\?/);
});

test('what is asked of a member of a running test is done on its machine', async () => {
  const master = await lab('n1', 'n2');
  const dir = await temporaryDirectory();
  const wait = `touch ${dir}/up; while [ ! -e ${dir}/over ]; do sleep 0.05; done`;
  const cwd = await temporaryDirectory();
  const roles = { server: `echo mine > note; ${wait}`, client: { count: 1, run: wait } };
  await writeFile(join(cwd, 'net.yaml'), JSON.stringify({ tests: [{ name: 'x', roles }] }));
  const submitted = await tutti(['submit', join(cwd, 'net.yaml')], { env: master.env });
  expect(submitted.stdout).toBe('1\n');
  await eventually(() => stat(join(dir, 'up')));
  const terminal = await openTerminal(['repl'], { env: master.env });
  await terminal.waitFor(PROMPT);
  await terminal.enter("runs[1].tests.x.roles.server.run('cat note')");
  await terminal.waitFor(/^mine$/m);
  await terminal.enter("runs[1].tests.x.roles.serber.run('cat note')");
  await terminal.waitFor(/has no role "serber"; did you mean "server"\?/);
  await writeFile(join(dir, 'over'), '');
  await terminal.enter('runs[1].wait()');
  await terminal.waitFor(/^run 1 net: PASS in/m);
});

test('events are said as they come, until they are not wanted; a restarted master is told of, and the objects go on', async () => {
  const master = await lab('n1');
  const terminal = await openTerminal(['repl'], { env: master.env });
  await terminal.waitFor(PROMPT);
  await terminal.enter('watch()');
  await terminal.waitFor(/watching; unwatch\(\) or Ctrl-C ends it/);
  const agent = await startAgent(master, { name: 'n2' });
  await terminal.waitFor(/^n2 is new: idle$/m);
  await terminal.type('half a li');
  agent.process.kill('SIGKILL');
  await terminal.waitFor(/^n2: idle → offline\ntutti> half a li$/m);
  // The first is for the line.
  await terminal.type('', 'C-c', 'C-c');
  await terminal.waitFor(/not watching any more/);
  master.process.kill('SIGKILL');
  await master.process.ended;
  await terminal.waitFor(/connection lost/);
  const next = await startMaster({ state: master.state, listen: new URL(master.url).host });
  await terminal.waitFor(/connection back after/);
  await eventually(async () => (await stateOf(next, 'n1')) === 'idle');
  await terminal.enter("nodes.n1.run('echo there again', {timeout: '30s'})");
  expect(await terminal.waitFor(/^there again$/m)).toMatch(/^there again$/m);
});

test('what was typed is there in the next session, for its owner alone', async () => {
  const master = await lab('n1');
  const home = await temporaryDirectory();
  const env = { ...master.env, XDG_STATE_HOME: home };
  const first = await openTerminal(['repl'], { env });
  await first.waitFor(PROMPT);
  await first.enter('40 + 2');
  await first.waitFor(/^42$/m);
  await first.type('', 'C-d');
  await first.waitFor(/^ended 0$/m);
  const file = join(home, 'tutti/repl_history');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const second = await openTerminal(['repl'], { env });
  await second.waitFor(PROMPT);
  await second.type('', 'Up');
  await second.waitFor(/tutti> 40 \+ 2$/);
});

test('without a terminal it carries out what comes on stdin, and ends with the first mistake', async () => {
  const master = await lab('n1');
  const run = (input: string, ...args: string[]) => tutti(['repl', ...args], { env: master.env, input });
  expect(await run('nodes.list()')).toMatchObject({
    ...{ code: 0, stderr: '', stdout: expect.stringMatching(/^NAME [^]*\nn1 +idle/) as string },
  });
  const several = 'for (const n of nodes)\n  console.log(n.name)\n\n"a" + "b"';
  expect(await run(several)).toMatchObject({ code: 0, stdout: 'n1\nab\n' });
  const failing = await run("nodes.n1.run('echo so; exit 4')\n'not any more'");
  expect(failing).toMatchObject({ code: 1, stdout: '' });
  expect(failing.stderr).toMatch(/^so\nexited with status 4 .*\ntutti: "echo so; exit 4" on n1/);
  expect(await run('', '--eval', 'nodes.n2')).toMatchObject({
    ...{ code: 64, stderr: expect.stringContaining('there are n1') as string },
  });
  expect(await run('', '--eval', '6 * 7')).toMatchObject({ code: 0, stdout: '42\n' });
});

test('a client that vanishes: what it has started is ended when it has not come back', async () => {
  const master = await lab('n1');
  const dir = await temporaryDirectory();
  const terminal = await openTerminal(['repl'], { env: master.env });
  await terminal.waitFor(PROMPT);
  const script = `echo $$ > ${dir}/begun; trap 'echo > ${dir}/ended; exit' TERM; while :; do sleep 0.1; done`;
  await terminal.enter(`nodes.n1.run(${JSON.stringify(script)})`);
  await eventually(() => stat(join(dir, 'begun')));
  await terminal.close();
  const ended = await eventually(() => stat(join(dir, 'ended')), { timeout: 45_000, every: 100 });
  expect(ended.isFile()).toBe(true);
});
