/**
 * What a member leaves outside of its agent's state directory: a socket in /run/tutti, a cgroup, its network. Scripts write
 * down theirs, so that a test looks for its own remains only: others run beside it on the same machine.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from '@tutti/testkit';
import type { RunningTutti } from './command.ts';
import { networkOf, processesWith } from './processes.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface Traces {
  /** A shell command for the first line of a script: its process says where it lives. */
  readonly tell: string;
  /** What scripts have told so far, and is still there; with that of their agents, if those have ended too. */
  left(of?: { agents: boolean }): string[];
  /** How many scripts have told. */
  readonly told: number;
}

export async function traces(): Promise<Traces> {
  const file = join(await temporaryDirectory(), 'traces');
  const read = (): string[][] =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.split(' '))
      : [];
  return {
    tell: `echo "$TUTTI_SOCKET $(sed -n s/^0:://p /proc/self/cgroup) $(readlink /proc/self/ns/net)" >>${file}`,
    left: ({ agents } = { agents: false }) => read().flatMap((words) => remains(words, agents)),
    get told() {
      return read().length;
    },
  };
}

/** Links of the machine itself: no lab ever adds one. */
const LINKS = readdirSync('/sys/class/net').toSorted();

/**
 * What is left of a run on this machine alone: processes, files, sockets, cgroups, network namespaces, links. What was
 * killed is promised to be gone within 20 s; after an orderly end nothing is waited for, with `within: 0`.
 */
export async function leftovers(
  run: Pick<RunningTutti, 'tmp'>,
  told?: Traces,
  { within = 20_000 }: { within?: number } = {},
): Promise<string[]> {
  let left: string[] = [];
  const look = () => {
    left = [
      ...readdirSync(run.tmp).map((name) => join(run.tmp, name)),
      ...processesWith(run.tmp).map(({ pid, commandLine }) => `process ${pid}: ${commandLine}`),
      ...(told?.left({ agents: true }) ?? []),
      ...readdirSync('/sys/class/net').filter((link) => !LINKS.includes(link)),
    ];
    return left.length === 0;
  };
  await eventually(look, { timeout: within, every: 50 }).catch(() => {});
  return left;
}

function remains([socket = '', group = '', network = '']: string[], agents: boolean): string[] {
  const left = existsSync(socket) ? [socket] : [];
  // Without a cgroup of its own a member is in that of whoever started its agent, which stays.
  const groups = group.includes('/tutti-') ? [group, ...(agents ? [dirname(group)] : [])] : [];
  for (const path of groups) {
    const mounted = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].map((mount) => join(mount, path));
    left.push(...mounted.filter((dir) => existsSync(dir)));
  }
  if (agents && network !== networkOf('self') && isForlorn(network)) left.push(network);
  return left;
}

/** Somebody is in the network, and no lab: a lab that was begun meanwhile may have got the same number for its own. */
function isForlorn(network: string): boolean {
  const inside = processesWith('').filter((found) => found.network === network);
  return (
    inside.length > 0 &&
    !inside.some(({ commandLine }) => / agent --state | probe |tutti-sweeper/.test(commandLine))
  );
}
