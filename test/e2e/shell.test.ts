/** A shell on a machine, driven as a person drives it: keys typed into a real terminal, and what is on its screen. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTerminal, type Terminal } from './support/terminal.ts';
import {
  eventually,
  kill,
  processesWith,
  type RunningAgent,
  type RunningMaster,
  startAgent,
  startMaster,
  tutti,
} from './support/tutti.ts';

/** A shell of few words, whoever runs the test. */
const PLAIN = 'exec env -u ENV PS1="there> " /bin/sh';

async function lab(): Promise<{ master: RunningMaster; agent: RunningAgent }> {
  const master = await startMaster();
  return { master, agent: await startAgent(master, { name: 'n1' }) };
}

async function shellOn(master: RunningMaster): Promise<Terminal> {
  const terminal = await openTerminal(['shell', 'n1', '--', PLAIN], { env: master.env });
  await terminal.waitFor(/there>$/);
  return terminal;
}

/** Of terminals on this agent: what is started there, and what holds the line. */
function processesOf({ state }: RunningAgent): number {
  return processesWith(join(state, 'terminals')).length;
}

/** What terminals on this agent have left after a while: processes, and directories. */
async function left({ state }: RunningAgent, timeout = 10_000): Promise<string[]> {
  const terminals = join(state, 'terminals');
  const found = async () => [
    ...processesWith(terminals).map(({ commandLine }) => commandLine),
    ...(await readdir(terminals)),
  ];
  await eventually(async () => (await found()).length === 0, { timeout }).catch(() => {});
  return found();
}

test('typed keys go there, what it writes appears; size, signals and exit status go through', async () => {
  const { master, agent } = await lab();
  const terminal = await shellOn(master);
  await terminal.enter('echo "$((6 * 7)) $TERM"; stty size; tty');
  await terminal.waitFor(/^42 \S+\n40 100\n\/dev\/pts\/\d+$/m);
  await terminal.enter('until stty size | grep "30 90"; do sleep 0.05; done');
  await terminal.tmux('resize-window', '-t', 'it', '-x', '90', '-y', '30');
  await terminal.waitFor(/^30 90$/m);
  await terminal.enter('echo sleeping; sleep 1000');
  await terminal.waitFor(/^sleeping$/m);
  await terminal.type('', 'C-c');
  await terminal.enter('echo interrupted $?');
  await terminal.waitFor(/^interrupted 130$/m);
  await terminal.enter("printf '\\303\\274\\033[1mbold\\033[0m\\n'");
  await terminal.waitFor(/^übold$/m);
  // Nothing of what holds the terminal.
  await terminal.enter("ls -l /proc/self/fd | grep -c 'ptmx\\|socket'");
  await terminal.waitFor(/^0$/m);
  await terminal.enter('exit 7');
  await terminal.waitFor(/^ended 7$/m);
  expect(await left(agent)).toEqual([]);
});

test('a login shell comes by itself, and a command instead of one', async () => {
  const { master, agent } = await lab();
  const terminal = await openTerminal(['shell', 'n1'], { env: master.env });
  await terminal.enter('echo "login $TERM $((1 + 1))"');
  await terminal.waitFor(/^login \S+ 2$/m);
  await terminal.type('', 'C-d');
  await terminal.waitFor(/^ended \d+$/m);
  const other = await openTerminal(['shell', 'n1', '--', 'no-such-program', 'x'], { env: master.env });
  await other.waitFor(/no-such-program: not found[^]*ended 127$/m);
  expect(await left(agent)).toEqual([]);
});

test('~. leaves it; what ignores the hang-up goes as well', async () => {
  const { master, agent } = await lab();
  const terminal = await shellOn(master);
  await terminal.enter("(trap '' HUP TERM INT; sleep 1000; sleep 1000) & echo ready");
  await terminal.waitFor(/^ready$/m);
  await terminal.type('~.');
  await terminal.waitFor(/left n1; the shell there has been ended[^]*ended 130$/m);
  expect(await left(agent, 20_000)).toEqual([]);
});

test('flooded and not read, it waits; Ctrl-C is heard at once', async () => {
  const { master, agent } = await lab();
  const terminal = await shellOn(master);
  await terminal.enter('yes floooooooooooooood');
  await terminal.waitFor(/floooooooooooooood/);
  await terminal.type('', 'C-c');
  await terminal.enter('clear; echo calm');
  await terminal.waitFor(/^calm$/m);
  await terminal.enter('exit');
  await terminal.waitFor(/^ended \d+$/m);
  expect(await left(agent)).toEqual([]);
});

test('a client that is killed leaves nothing behind', { timeout: 90_000 }, async () => {
  const { master, agent } = await lab();
  const terminal = await shellOn(master);
  await terminal.enter('sleep 1000 & sleep 1000');
  await eventually(() => processesOf(agent) >= 3);
  const clients = processesWith(master.url).filter(({ commandLine }) =>
    commandLine.includes('tutti.js shell'),
  );
  expect(clients).toHaveLength(1);
  for (const { pid } of clients) kill(pid);
  await terminal.waitFor(/^ended 137$/m);
  expect(await left(agent, 60_000)).toEqual([]);
});

test('a master that is killed and started again finds the shell going on', { timeout: 60_000 }, async () => {
  const { master, agent } = await lab();
  const terminal = await shellOn(master);
  await terminal.enter('word=kept; echo noted');
  await terminal.waitFor(/^noted$/m);
  master.process.kill('SIGKILL');
  await master.process.ended;
  await terminal.waitFor(/the connection to the master at .* is lost/);
  await startMaster({ state: master.state, listen: new URL(master.url).host });
  await terminal.waitFor(/is back after/, 20_000);
  await terminal.enter('echo "the word is $word"');
  await terminal.waitFor(/the word is kept$/m, 20_000);
  await terminal.enter('exit 3');
  await terminal.waitFor(/^ended 3$/m);
  expect(await left(agent)).toEqual([]);
});

test('an agent that is killed takes the shell with it; its successor ends what is left', {
  timeout: 60_000,
}, async () => {
  const { master, agent } = await lab();
  const terminal = await shellOn(master);
  await terminal.enter("(trap '' HUP; sleep 1000; sleep 1000) & echo ready");
  await terminal.waitFor(/^ready$/m);
  agent.process.kill('SIGKILL');
  await agent.process.ended;
  await startAgent(master, { name: 'n1', state: agent.state });
  await terminal.waitFor(/the terminal on n1 is gone[^]*ended 2$/m, 30_000);
  expect(await left(agent, 20_000)).toEqual([]);
});

test('what cannot be: no terminal here, no such machine, a machine that is away', async () => {
  const { master, agent } = await lab();
  const without = await tutti(['shell', 'n1'], { env: master.env });
  expect([without.code, without.stderr]).toEqual([
    64,
    expect.stringContaining('tutti shell needs a terminal here; tutti exec works without one') as string,
  ]);
  await startAgent(master, { name: 'web-1' });
  const unknown = await openTerminal(['shell', 'web-2'], { env: master.env });
  await unknown.waitFor(/the master knows no machine "web-2"; did you mean "web-1"\?[^]*ended 64$/m);
  agent.process.kill('SIGKILL');
  await agent.process.ended;
  const away = await openTerminal(['shell', 'n1'], { env: master.env });
  await away.waitFor(/n1 is not connected[^]*ended 2$/m);
});
