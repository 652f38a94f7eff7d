/** The machines of a master, as `tutti nodes --json` shows them. */
import type { NodeView } from '@tutti/protocol';
import { tutti } from './command.ts';
import { type RunningAgent, type RunningMaster, startAgent } from './daemons.ts';

/** Agents n1, n2 … */
export function agentsOf(master: RunningMaster, count: number): Promise<RunningAgent[]> {
  const names = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  return Promise.all(names.map((name) => startAgent(master, { name })));
}

export async function nodesOf(master: RunningMaster): Promise<NodeView[]> {
  const { stdout, stderr, code } = await tutti(['nodes', '--json'], { env: master.env });
  if (code !== 0) throw new Error(`tutti nodes: ${stderr}`);
  return JSON.parse(stdout) as NodeView[];
}

/** Undefined for a machine that the master does not know. */
export async function stateOf(master: RunningMaster, name: string): Promise<string | undefined> {
  return (await nodesOf(master)).find((node) => node.name === name)?.state;
}
