/** Pieces that others start: they meet in a session, run where they were started, and end up in one report. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodesOf, stateOf } from './support/pool.ts';
import { attempt, folder, logOf, member } from './support/results.ts';
import { leftovers, traces } from './support/traces.ts';
import {
  eventually,
  kill,
  type Outcome,
  processesWith,
  type RunningMaster,
  type RunningTutti,
  readReport,
  reportMistakes,
  startAgent,
  startMaster,
  startTutti,
  type TuttiOptions,
  tutti,
} from './support/tutti.ts';

const SESSION = 'nightly-42';
const DIR = `tests/01-${SESSION}`;

interface PieceOptions extends TuttiOptions {
  args?: readonly string[];
  session?: string;
}

/** A piece that runs a line of shell. */
function piece(
  { env: own }: RunningMaster,
  as: string,
  script: string,
  { args = [], session = SESSION, env, ...options }: PieceOptions = {},
): Promise<RunningTutti> {
  const words = ['join', session, '--as', as, ...args, '--', 'sh', '-c', script];
  return startTutti(words, { input: '', ...options, env: { ...own, ...env } });
}

const expecting = (roles: string, ...more: string[]) => ['--expect', roles, ...more];

/** Whom a piece waits for, as it says itself: until then it has not joined. */
const waiting = (running: RunningTutti, whom: RegExp | string = '') =>
  running.waitForLine(
    new RegExp(`^session \\S+ waits for .*${typeof whom === 'string' ? whom : whom.source}`),
  );

const reportOf = ({ state }: RunningMaster) => readReport(join(state, 'runs/latest'));

const logText = ({ state }: RunningMaster, dir: string, file: string) =>
  readFile(join(state, 'runs/latest', dir, file), 'latin1');

async function nothingLeft(...pieces: RunningTutti[]): Promise<void> {
  for (const each of pieces) expect(await leftovers(each)).toEqual([]);
}

test('two pieces meet at a barrier, see each other, and pass on their exit statuses; there is one report', async () => {
  const master = await startMaster();
  const cwd = await folder({ here: 'the file of this directory' });
  const told = await traces();
  const server = await piece(
    master,
    'server',
    `${told.tell}; cat here; cat; printf '\\001\\377no end'; echo "$MINE" >&2; tutti barrier ready --data '{"port":7}'; tutti result fine pass; echo kept >$TUTTI_OUT/kept`,
    { args: expecting('server=1,client=1'), cwd, env: { MINE: 'from outside' }, input: 'on stdin\n' },
  );
  await waiting(server, 'client \\(0 of 1 joined\\)');
  const client = await piece(
    master,
    'client',
    `echo "$TUTTI_MEMBER of run $TUTTI_RUN, $TUTTI_TEST, in $TUTTI_SESSION$TUTTI_TOKEN$TUTTI_MASTER"; grep -o '"member": "[a-z.0-9]*"' $TUTTI_TOPOLOGY; tutti barrier ready --json; exit 3`,
  );
  const [first, second] = await Promise.all([server.ended, client.ended]);
  expect(first).toMatchObject({ code: 0 });
  expect(second).toMatchObject({ code: 3 });
  // Bytes that are no text come as they are; here they have become the sign for that.
  expect(first.stdout).toBe('the file of this directoryon stdin\n\u0001\uFFFDno end');
  expect(first.stderr).toMatch(/^from outside$/m);
  const [whoami = '', ...seen] = second.stdout.trimEnd().split('\n');
  expect(whoami).toBe('client.0 of run 1, nightly-42, in ');
  expect(seen.slice(0, 2)).toEqual(['"member": "server.0"', '"member": "client.0"']);
  expect(JSON.parse(seen[2] ?? '')).toMatchObject({ size: 2, data: { 'server.0': { port: 7 } } });

  const why = 'client.0 on \\S+-join-\\w+ exited with status 3';
  for (const { stderr } of [first, second]) {
    expect(stderr).toMatch(/^session nightly-42 is complete: run 1, here (server|client)\.0$/m);
    expect(stderr).toMatch(new RegExp(`^run 1 nightly-42: FAIL in [\\d.]+ s: nightly-42: ${why}`, 'm'));
    expect(stderr).toMatch(/^tutti report 1 shows its report, tutti logs 1 what all pieces wrote$/m);
  }
  const report = reportOf(master);
  expect(reportMistakes(report)).toEqual([]);
  expect(report).toMatchObject({ suite: SESSION, status: 'FAIL' });
  const [only] = report.tests;
  expect(only).toMatchObject({ name: SESSION, status: 'FAIL' });
  expect(attempt(only).subtests).toMatchObject([{ name: 'fine', member: 'server.0', status: 'PASS' }]);
  expect(attempt(only).barriers).toMatchObject([{ name: 'ready', size: 2 }]);
  expect(member(only, 'server.0')).toMatchObject({ status: 'PASS' });
  expect(member(only, 'client.0')).toMatchObject({ status: 'FAIL' });
  expect(await logText(master, member(only, 'server.0').dir, 'stdout.log')).toBe(
    'the file of this directoryon stdin\n\u0001\u00FFno end',
  );
  expect(await logText(master, member(only, 'server.0').dir, 'stderr.log')).toBe('from outside\n');
  expect(await logText(master, member(only, 'server.0').dir, 'out/kept')).toBe('kept\n');
  const { stdout: logs } = await tutti(['logs', '1', SESSION, 'client'], { env: master.env });
  expect(logs).toContain('client.0 of run 1');
  expect((await tutti(['runs'], { env: master.env })).stdout).toMatch(/^1 +nightly-42 +FAIL/m);

  expect(await nodesOf(master)).toEqual([]);
  await nothingLeft(server, client);
  expect(told.left({ agents: true })).toEqual([]);
});

test('three pieces, one of them with two members, exchange data; of several commands the highest status counts', async () => {
  const master = await startMaster();
  const meet = 'tutti barrier all --json --data "\\"$TUTTI_MEMBER here\\""';
  const clients = await piece(
    master,
    'client:2',
    `echo "I am $TUTTI_INDEX"; echo "bad $TUTTI_INDEX" >&2; ${meet} >/dev/null; cat; exit $((5 * TUTTI_INDEX))`,
    { input: 'nobody reads this' },
  );
  await waiting(clients, 'somebody who says with --expect');
  const judge = await piece(master, 'judge', `${meet}; kill -9 $$`, {
    args: expecting('judge,client=3'),
  });
  await waiting(judge, 'client \\(2 of 3 joined\\)');
  const third = await piece(master, 'client', `echo "$TUTTI_MEMBER"; ${meet}`);
  const [two, killed, last] = await Promise.all([clients.ended, judge.ended, third.ended]);
  expect(two.code).toBe(5);
  expect(killed.code).toBe(137);
  expect(last.code).toBe(0);
  expect(two.stdout.trimEnd().split('\n').toSorted()).toEqual(['client.0 | I am 0', 'client.1 | I am 1']);
  expect(two.stderr).toMatch(/^client\.0 \| bad 0$/m);
  expect(two.stderr).toMatch(/^client\.1 \| bad 1$/m);
  expect(last.stdout).toMatch(/^client\.2\n/);
  const { data } = JSON.parse(last.stdout.split('\n')[1] ?? '') as { data: unknown };
  expect(data).toEqual({
    'judge.0': 'judge.0 here',
    'client.0': 'client.0 here',
    'client.1': 'client.1 here',
    'client.2': 'client.2 here',
  });
  const [only] = reportOf(master).tests;
  expect(attempt(only).members.map(({ member: name, status }) => `${name} ${status}`)).toEqual([
    'judge.0 FAIL',
    'client.0 PASS',
    'client.1 FAIL',
    'client.2 PASS',
  ]);
  await nothingLeft(clients, judge, third);
});

test('what does not fit is refused at once, with what to do', async () => {
  const master = await startMaster();
  const first = await piece(master, 'server', 'true', { args: expecting('server=1,client=2') });
  await waiting(first);
  const refused = async (as: string, args: string[] = [], more: PieceOptions = {}) => {
    const { code, stdout, stderr } = await (await piece(master, as, 'echo ran', { args, ...more })).ended;
    expect(stdout).toBe('');
    return `${code} ${stderr}`;
  };
  const here = `${hostname()} \\(127\\.0\\.0\\.1:\\d+\\)`;
  expect(await refused('client', expecting('server=1,client=3'))).toMatch(
    new RegExp(
      `^64 tutti: session "${SESSION}": --expect is server=1,client=3 here, and server=1,client=2 from ${here}\n.*\\(SESSION_REFUSED\\)\n$`,
    ),
  );
  expect(await refused('server')).toMatch(
    new RegExp(`^64 tutti: session "${SESSION}": role "server" has 1 place, 1 taken, joined from ${here}`),
  );
  expect(await refused('judge')).toMatch(
    /^64 .*nobody expects a role "judge": expected is server=1,client=2/,
  );
  expect(await refused('client:3')).toMatch(/^64 .*role "client" has 2 places, 0 taken: .* 3 more/);
  expect(await refused('client', expecting('server=1'))).toMatch(/^64 tutti: --as client: it has no place/);
  expect(await refused('Client')).toMatch(/^64 tutti: --as Client: "Client" is not a role/);
  expect(await refused('client:0')).toMatch(/^64 tutti: --as client:0: write ROLE or ROLE:COUNT/);
  expect(await refused('client', expecting('server=x'))).toMatch(/^64 tutti: --expect server=x: write/);
  expect(await refused('client', [], { session: '-x y' })).toMatch(/^64 /);
  expect(await refused('client', [], { session: 'a b' })).toMatch(/^64 tutti: session a b: use letters/);
  expect(await refused('client', ['--timeout', 'soon'])).toMatch(
    /^64 tutti: --timeout: "soon" is not a duration/,
  );
  expect(await refused('client', [], { env: { TUTTI_TOKEN_FILE: undefined, TUTTI_TOKEN: 'wrong' } })).toMatch(
    /^2 .*\(WRONG_TOKEN\)\n$/s,
  );
  const nothing = await tutti(['join', SESSION, '--as', 'client', '--', './nothing'], { env: master.env });
  expect(nothing).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('the command ./nothing is not'),
  });
  expect((await tutti(['join', SESSION, '--as', 'client'], { env: master.env })).code).toBe(64);
  // Nobody has disturbed who was there.
  const others = await piece(master, 'client:2', 'true');
  expect((await first.ended).code).toBe(0);
  expect((await others.ended).code).toBe(0);
});

test('when the others do not come in time it says who is missing, and ends with 124', async () => {
  const master = await startMaster();
  const lone = await piece(master, 'server', 'echo ran', {
    args: expecting('server=1,client=2', '--timeout', '1s'),
  });
  const { code, stdout, stderr } = await lone.ended;
  expect({ code, stdout }).toEqual({ code: 124, stdout: '' });
  expect(stderr).toContain(
    `tutti: session "${SESSION}" was not complete in time: it waits for client (0 of 2 joined)\n`,
  );
  const silent = await piece(master, 'server', 'echo ran', { args: ['--timeout', '0.5'] });
  expect(await silent.ended).toMatchObject({
    code: 124,
    stderr: expect.stringContaining('it waits for somebody who says with --expect'),
  });
  await nothingLeft(lone, silent);
  expect(await nodesOf(master)).toEqual([]);
});

test('a piece that goes while the others are awaited gives its place back, however it goes', async () => {
  const master = await startMaster();
  const server = await piece(master, 'server', 'tutti barrier all', { args: expecting('server=1,client=1') });
  await waiting(server);
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    // It would be complete with this one: nobody else may start it.
    const gone = await piece(master, 'client', 'echo ran', {
      session: `${SESSION}-${signal}`,
      args: expecting('server,client'),
    });
    await waiting(gone);
    gone.kill(signal);
    expect(await gone.ended).toMatchObject(signal === 'SIGINT' ? { code: 130 } : { signal });
    await nothingLeft(gone);
  }
  const other = `${SESSION}-SIGKILL`;
  const [a, b] = await Promise.all([
    piece(master, 'client', 'tutti barrier all', { session: other, args: expecting('server,client') }),
    piece(master, 'server', 'tutti barrier all', { session: other }),
  ]);
  expect((await a.ended).code).toBe(0);
  expect((await b.ended).code).toBe(0);
  const client = await piece(master, 'client', 'tutti barrier all');
  expect((await client.ended).code).toBe(0);
  expect((await server.ended).code).toBe(0);
});

test('of a piece that is killed in the middle nothing is left; who waits for it is told, and so is the report', async () => {
  const master = await startMaster();
  const told = await traces();
  const cwd = await folder({});
  const server = await piece(master, 'server', 'tutti barrier met; tutti barrier end', {
    args: expecting('server=1,client=1', '--grace', '1s'),
  });
  const client = await piece(
    master,
    'client',
    `${told.tell}; tutti barrier met; sleep 1000 & setsid sleep 1000 & touch ${cwd}/met; sleep 1000`,
  );
  await eventually(() => existsSync(join(cwd, 'met')), { timeout: 20_000 });
  client.kill('SIGKILL');
  await client.ended;
  const { code, stderr } = await server.ended;
  // A lost member is the end of its test, which stops the others.
  expect(code).toBe(143);
  expect(stderr).toMatch(/^server\.0 was stopped: the test was over$/m);
  expect(stderr).toMatch(/^run 1 nightly-42: ERROR .*client\.0 on \S+ was lost/m);
  await nothingLeft(client, server);
  expect(told.left({ agents: true })).toEqual([]);
  expect(await nodesOf(master)).toEqual([]);
  const [only] = reportOf(master).tests;
  expect(only).toMatchObject({ status: 'ERROR' });
  expect(attempt(only).waits).toMatchObject([
    {
      member: 'server.0',
      what: 'barrier "end"',
      error: expect.stringMatching(
        /broken after .*missing client\.0 on \S+: was lost: its node was away for more than 1 s$/,
      ) as string,
    },
  ]);
  expect(member(only, 'client.0')).toMatchObject({ status: 'ERROR' });
});

async function again(master: RunningMaster): Promise<RunningMaster> {
  master.process.kill('SIGKILL');
  await master.process.ended;
  return startMaster({ state: master.state, listen: master.url.replace('ws://', '') });
}

test('a master that is killed while pieces gather, and then while they run, costs nobody anything', async () => {
  const first = await startMaster();
  const cwd = await folder({});
  const script = `echo begun; while [ ! -e ${cwd}/stop ]; do sleep 0.05; done; tutti barrier after; echo done`;
  const server = await piece(first, 'server', script, { args: expecting('server=1,client=1') });
  await waiting(server);
  const second = await again(first);
  await server.waitForLine(/^the master at .* is back/);
  const client = await piece(second, 'client', `${script}; exit 7`);
  await client.waitForLine('begun', { stream: 'stdout' });
  await logOf(second, 'server.0', 'stdout.log', /begun/, DIR);
  const third = await again(second);
  await Promise.all([server, client].map((each) => each.waitForLine(/^the master at .* is back/)));
  const states = async () => (await nodesOf(third)).map(({ state }) => state).join(' ');
  await eventually(async () => (await states()) === 'running running', { timeout: 20_000, every: 100 });
  await writeFile(join(cwd, 'stop'), '');
  expect(await server.ended).toMatchObject({ code: 0, stdout: 'begun\ndone\n' });
  expect(await client.ended).toMatchObject({ code: 7, stdout: 'begun\ndone\n' });
  expect(reportOf(third).tests).toMatchObject([{ status: 'FAIL' }]);
  expect(await nodesOf(third)).toEqual([]);
  await nothingLeft(server, client);
});

test('beside an agent of the same machine: neither gets what is the others’, and the name is taken while they run', async () => {
  const master = await startMaster();
  await startAgent(master, { name: 'n1' });
  const cwd = await folder({});
  const script = `touch ${cwd}/$TUTTI_ROLE; while [ ! -e ${cwd}/stop ]; do sleep 0.05; done`;
  const server = await piece(master, 'server', script, { args: expecting('server=1,client=1') });
  await waiting(server);
  const guests = async () => (await nodesOf(master)).filter(({ name }) => name !== 'n1');
  await eventually(async () => (await guests()).length === 1, { timeout: 20_000, every: 100 });
  const [guest] = await guests();
  expect(guest).toMatchObject({ state: 'reserved', labels: { session: SESSION } });
  expect(guest?.name).toMatch(/-join-[0-9a-f]{8}$/);
  expect(await stateOf(master, 'n1')).toBe('idle');
  // Two machines are connected, and one of them is for runs.
  const two = await tutti(['run', '--role', 'a:2=true'], { env: master.env });
  expect(two).toMatchObject({ code: 3, stderr: expect.stringContaining('the master knows 1 node\n') });
  const client = await piece(master, 'client', script);
  await eventually(() => existsSync(join(cwd, 'client')) && existsSync(join(cwd, 'server')), {
    timeout: 20_000,
  });
  const one = await tutti(['run', '--role', 'a=echo $TUTTI_NODE'], { env: master.env });
  expect(one.code).toBe(0);
  const late = await piece(master, 'client', 'true');
  expect(await late.ended).toMatchObject({
    code: 64,
    stderr: expect.stringContaining(`session "${SESSION}" is complete: it is run 1`),
  });
  const ps = await tutti(['ps', '1'], { env: master.env });
  expect(ps.stdout).toMatch(/server.*running/);
  await writeFile(join(cwd, 'stop'), '');
  expect((await server.ended).code).toBe(0);
  expect((await client.ended).code).toBe(0);
  const rerun = await tutti(['rerun', '1'], { env: master.env });
  expect(rerun).toMatchObject({ code: 3, stderr: expect.stringContaining('was a session of tutti join') });
  expect((await nodesOf(master)).map(({ name }) => name)).toEqual(['n1']);
  expect(await stateOf(master, 'n1')).toBe('idle');
});

test('Ctrl-C ends the own piece in order; the others hear of it, and go on', async () => {
  const master = await startMaster();
  const told = await traces();
  const server = await piece(master, 'server', 'tutti barrier met; tutti barrier end || echo "broken $?"', {
    args: expecting('server=1,client=1'),
  });
  const client = await piece(
    master,
    'client',
    `${told.tell}; trap 'echo in order; exit 9' TERM; tutti barrier met; echo met; while :; do sleep 0.05; done`,
  );
  await client.waitForLine('met', { stream: 'stdout' });
  client.kill('SIGINT');
  const left = await client.ended;
  expect(left).toMatchObject({ code: 130, stdout: 'met\nin order\n' });
  expect(left.stderr).toMatch(/^client\.0 was stopped: it was cancelled$/m);
  const { stdout, stderr, code } = await server.ended;
  expect({ stdout, code }).toEqual({ stdout: 'broken 1\n', code: 0 });
  expect(stderr).toMatch(/missing client\.0 on \S+: was cancelled/);
  const [only] = reportOf(master).tests;
  expect(member(only, 'client.0')).toMatchObject({ status: 'INTERRUPTED', cause: 'was cancelled' });
  expect(await logText(master, member(only, 'client.0').dir, 'stdout.log')).toBe('met\nin order\n');
  await nothingLeft(client, server);
  expect(told.left({ agents: true })).toEqual([]);
});

test('a piece whose command has ended may go: the run has all of it, and goes on without its machine', async () => {
  const master = await startMaster();
  const cwd = await folder({});
  // Goes on for longer than the grace when the others have gone.
  const client = await piece(
    master,
    'client',
    `tutti barrier all; echo begun; while [ ! -e ${cwd}/stop ]; do sleep 0.05; done; sleep 2`,
    { args: expecting('client=1,server=2', '--grace', '1s') },
  );
  const servers = await Promise.all(
    ['one', 'two'].map((word) => piece(master, 'server', `tutti barrier all; echo ${word}`)),
  );
  await client.waitForLine('begun', { stream: 'stdout' });
  const ended = async () =>
    (await tutti(['ps', '1', '--json'], { env: master.env })).stdout.match(/"state": "ended"/g)?.length;
  await eventually(async () => (await ended()) === 2, { timeout: 20_000, every: 100 });
  const [stopped, killed] = servers;
  stopped?.kill('SIGINT');
  killed?.kill('SIGKILL');
  expect(await stopped?.ended).toMatchObject({ code: 130 });
  await killed?.ended;
  const connected = async () => (await nodesOf(master)).filter((node) => node.connected).length;
  await eventually(async () => (await connected()) === 1, { timeout: 20_000, every: 100 });
  await writeFile(join(cwd, 'stop'), '');
  expect((await client.ended).code).toBe(0);
  expect(reportOf(master).tests).toMatchObject([{ status: 'PASS' }]);
  expect(await nodesOf(master)).toEqual([]);
  await nothingLeft(client, ...servers);
});

test('a second Ctrl-C does not wait for a command that ignores the first; nothing of it stays', async () => {
  const master = await startMaster();
  const told = await traces();
  const lone = await piece(
    master,
    'a',
    `${told.tell}; trap '' TERM; echo begun; while :; do sleep 0.05; done`,
    {
      args: expecting('a=1', '--grace', '1s'),
    },
  );
  await lone.waitForLine('begun', { stream: 'stdout' });
  lone.kill('SIGINT');
  await lone.waitForLine(/^SIGINT: leaving the session; once more to leave at once$/);
  lone.kill('SIGINT');
  expect(await lone.ended).toMatchObject({ code: 130 });
  await nothingLeft(lone);
  expect(told.left({ agents: true })).toEqual([]);
});

test('where the agent of a piece is killed, the piece says so, and nothing of it stays', async () => {
  const master = await startMaster();
  const told = await traces();
  const lone = await piece(master, 'a', `${told.tell}; echo begun; sleep 1000`, {
    args: expecting('a=1', '--grace', '1s'),
  });
  await lone.waitForLine('begun', { stream: 'stdout' });
  const [agent] = processesWith(lone.tmp).filter(({ commandLine }) => commandLine.includes(' join-agent '));
  if (agent === undefined) throw new Error('no agent');
  kill(agent.pid);
  const { code, stderr } = await lone.ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^tutti: the agent \S+-join-\w+ of tutti join was killed by SIGKILL.*\(LAB_FAILED\)\n$/ms,
  );
  await nothingLeft(lone);
  expect(told.left({ agents: true })).toEqual([]);
  await eventually(async () => (await nodesOf(master)).length === 0, { timeout: 20_000, every: 100 });
});

test('a run that an operator cancels, or whose time is up, ends the pieces, which say why', async () => {
  const master = await startMaster();
  const both = async (session: string, ...more: string[]): Promise<[RunningTutti, RunningTutti]> => {
    const script = 'echo begun; sleep 1000';
    const args = expecting('a=1,b=1', ...more);
    const pieces = await Promise.all([
      piece(master, 'a', script, { session, args }),
      piece(master, 'b', script, { session }),
    ]);
    for (const each of pieces) await each.waitForLine('begun', { stream: 'stdout' });
    return pieces;
  };
  const [a, b] = await both('cancelled');
  expect((await tutti(['cancel', '1'], { env: master.env })).code).toBe(0);
  const said = (outcome: Outcome) => ({ code: outcome.code, lines: outcome.stderr });
  for (const each of [a, b]) {
    expect(said(await each.ended)).toMatchObject({
      code: 143,
      lines: expect.stringMatching(/^[ab]\.0 was stopped: it was cancelled\nrun 1 cancelled: INTERRUPTED/m),
    });
  }
  const [c, d] = await both('late', '--test-timeout', '1s');
  for (const each of [c, d]) {
    expect(said(await each.ended)).toMatchObject({
      code: 143,
      lines: expect.stringMatching(
        /^[ab]\.0 was stopped: the time of the test was up\nrun 2 late: INTERRUPTED/m,
      ),
    });
  }
  await nothingLeft(a, b, c, d);
});

test('a piece cannot reboot its machine', async () => {
  const master = await startMaster();
  const lone = await piece(master, 'a', 'tutti reboot || echo "refused $?"', { args: expecting('a') });
  expect(await lone.ended).toMatchObject({
    code: 0,
    stdout: 'refused 1\n',
    stderr: expect.stringContaining('it was started by tutti join, and nothing would start it again'),
  });
});

test('much output comes whole, in order, and what nobody reads any more stops nobody', async () => {
  const master = await startMaster();
  const lone = await piece(master, 'a', 'seq 200000; echo end >&2', { args: expecting('a') });
  const { code, stdout } = await lone.ended;
  expect(code).toBe(0);
  expect(stdout).toBe(`${Array.from({ length: 200_000 }, (_, i) => i + 1).join('\n')}\n`);
  const deaf = await piece(master, 'a', 'seq 200000', {
    args: expecting('a'),
    through: ['sh', '-c', '"$@" | head -1', 'sh'],
  });
  expect((await deaf.ended).stdout).toBe('1\n');
  expect(reportOf(master).tests).toMatchObject([{ status: 'PASS' }]);
});
