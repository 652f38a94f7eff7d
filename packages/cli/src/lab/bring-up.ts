/**
 * The order in which a lab comes into being:
 *
 *   sweeper ─▶ directory ─┬─▶ master held ─▶ in care ─▶ let go ─▶ ready ─────────┬─▶ agents let go ─▶ all ready
 *                         └─▶ agents held ─▶ in care ─▶ bridge and veth pairs ───┘
 *
 * No daemon runs before the sweeper knows it, no agent before its network is complete and the master has its token.
 * Where a process ends before its time this waits for ever: the caller races it against `processes.failed`.
 */
import { readFileSync } from 'node:fs';
import { hostNodes, type LabNode, namespacedNodes } from './addresses.ts';
import { careLine } from './care-line.ts';
import type { Net } from './choose-net.ts';
import { networkFailed } from './failures.ts';
import { gate, namespaceGate } from './gate.ts';
import type { HeldProcess } from './held-process.ts';
import { agentCommands, bridgeCommands } from './ip-commands.ts';
import type { LabProcesses } from './lab-processes.ts';
import { agentArguments, logFile, masterArguments, masterUrl, tokenFile } from './layout.ts';
import { type Argv, runTool } from './run-tool.ts';

export interface BringUp {
  readonly processes: LabProcesses;
  readonly net: Net;
  readonly agents: number;
  readonly runsDir: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Told when a stage is reached. */
  readonly reached: (stage: string) => void;
}

export async function bringUp(lab: BringUp): Promise<{ url: string; token: string; nodes: LabNode[] }> {
  const { processes, net, reached } = lab;
  const root = await processes.sweeper.line();
  processes.root = root;
  processes.sweeper.ready();

  const nodes = gatedNodes(net, lab.agents);
  const master = processes.start({
    what: 'the master',
    argv: [...gate('master'), ...lab.command, ...masterArguments(root, lab.runsDir)],
    env: lab.env,
    log: logFile(root, 'master'),
  });
  const agents = nodes.map((node) =>
    processes.start({
      what: `agent ${node.name}`,
      argv: [...node.gate, ...lab.command, ...agentArguments(root, node)],
      env: lab.env,
      log: logFile(root, node.name),
    }),
  );
  await Promise.all([openMaster(lab, master), connect(lab, agents)]);
  await Promise.all(agents.map((agent) => letGo(agent)));
  reached('agents ready');
  return {
    url: masterUrl(root),
    token: readFileSync(tokenFile(root), 'utf8').trim(),
    nodes: nodes.map(({ name, address }) => ({ name, address })),
  };
}

/** Every agent with the command that holds it back, in the network it is to have. */
function gatedNodes(net: Net, agents: number): (LabNode & { gate: Argv })[] {
  if (net.kind === 'host') return hostNodes(agents).map((node) => ({ ...node, gate: gate(node.name) }));
  return namespacedNodes(agents).map((node) => ({
    ...node,
    gate: namespaceGate(node.name, net.tools, agentCommands(node, net.ipv6)),
  }));
}

async function openMaster({ processes, reached }: BringUp, master: HeldProcess): Promise<void> {
  await takeIntoCare(processes.sweeper, master, false);
  await letGo(master);
  reached('master ready');
}

async function connect({ processes, net, signal, reached }: BringUp, agents: HeldProcess[]): Promise<void> {
  const { sweeper } = processes;
  const isolated = net.kind === 'namespaces';
  const pids = await Promise.all(agents.map((agent) => takeIntoCare(sweeper, agent, isolated)));
  if (isolated) await wire(net, sweeper, pids, signal);
  reached('network ready');
}

/** Resolves with the process id when the sweeper is certain to know it. */
export async function takeIntoCare(
  sweeper: HeldProcess,
  daemon: HeldProcess,
  isolated: boolean,
): Promise<number> {
  await daemon.line(); // it is held; its namespace exists
  const { pid } = daemon;
  if (pid === undefined || !daemon.isAlive) return never();
  await sweeper.tell(careLine(pid, isolated));
  return pid;
}

/** All veth pairs in one invocation, inside the bridge's namespace. */
async function wire(
  net: Net & { kind: 'namespaces' },
  bridge: HeldProcess,
  agents: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  if (bridge.pid === undefined || !bridge.isAlive) return never();
  const { nsenter, ip } = net.tools;
  const inBridge: Argv = [nsenter, '-t', String(bridge.pid), '-n', '--', ip, '-batch', '-'];
  const wired = await runTool(inBridge, bridgeCommands(agents), signal);
  if (!wired.ok) throw networkFailed(wired.complaint);
}

/** Resolves when the daemon has said that it is ready. `goOnReading`: there is more to come on its stdout. */
export async function letGo(daemon: HeldProcess, { goOnReading = false } = {}): Promise<void> {
  daemon.stage = 'starting';
  await daemon.tell('go');
  while (!(await daemon.line()).startsWith('ready ')) {
    // A runtime may print a line of its own before; only ours counts.
  }
  if (goOnReading) daemon.stage = 'ready';
  else daemon.ready();
}

async function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
