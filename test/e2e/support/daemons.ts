/**
 * Real daemons: a master on a free port, agents that dial it, each with a state directory of its own. They say that they
 * are ready before a test gets them; when it has ended, they are gone with all that they ran.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { RunningTutti, startTutti } from './command.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface RunningMaster {
  readonly url: string;
  readonly state: string;
  readonly tokenFile: string;
  /** For `tutti(args, { env: master.env })`: commands find this master and its token. */
  readonly env: { TUTTI_MASTER: string; TUTTI_TOKEN_FILE: string };
  readonly process: RunningTutti;
}

export interface MasterOptions {
  /** That of an earlier one, to start it again. */
  state?: string;
  listen?: string;
  args?: readonly string[];
}

export async function startMaster(options: MasterOptions = {}): Promise<RunningMaster> {
  const { listen = '127.0.0.1:0', args = [] } = options;
  const state = options.state ?? (await temporaryDirectory());
  const process = await startTutti(['master', '--state', state, '--listen', listen, ...args]);
  const { url } = await ready(process);
  const tokenFile = join(state, 'admin.token');
  return { url, state, tokenFile, env: { TUTTI_MASTER: url, TUTTI_TOKEN_FILE: tokenFile }, process };
}

export interface RunningAgent {
  readonly name: string;
  readonly state: string;
  readonly process: RunningTutti;
}

export interface AgentOptions {
  name?: string;
  /** That of an earlier one, to start it again. */
  state?: string;
  labels?: Record<string, string>;
  args?: readonly string[];
}

let agents = 0;

export async function startAgent(
  master: Pick<RunningMaster, 'url' | 'tokenFile'>,
  { name = `agent-${++agents}`, labels = {}, args = [], ...options }: AgentOptions = {},
): Promise<RunningAgent> {
  const state = options.state ?? (await temporaryDirectory());
  onTestFinished(() => endMembersOf(state));
  const label = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
  const connection = ['--master', master.url, '--token-file', master.tokenFile];
  const process = await startTutti([
    'agent',
    '--state',
    state,
    ...connection,
    '--name',
    name,
    ...label,
    ...args,
  ]);
  await ready(process);
  return { name, state, process };
}

async function ready(daemon: RunningTutti): Promise<{ url: string }> {
  const line = await daemon.waitForLine(/^ready /, { stream: 'stdout' });
  return JSON.parse(line.slice('ready '.length)) as { url: string };
}

/** Members outlive their agent. A private one takes them over and, at the end-of-file on its stdin, ends them. */
async function endMembersOf(state: string): Promise<void> {
  if (!existsSync(join(state, 'members'))) return;
  const args = [
    'agent',
    '--state',
    state,
    '--master',
    'unix:/nonexistent',
    '--name',
    'undertaker',
    '--private',
  ];
  const undertaker = new RunningTutti(args, '/', state, { env: { TUTTI_TOKEN: 'none' } });
  undertaker.closeStdin();
  await undertaker.ended;
}
