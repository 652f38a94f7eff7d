/**
 * The agent behind one member of `tutti join`: an ordinary one, which runs the command that it was started with.
 *
 * It belongs to the process that holds its stdin, and ends with it (daemon.ts). What becomes of the command it says on
 * stdout, in the words of words.ts: the reader learns it from here also while the master is away.
 */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { locateToken } from '@tutti/client';
import type { JoinAgentFlags } from '../commands/join-agent.ts';
import { runDaemon } from '../daemon.ts';
import { sdkDir } from '../installation.ts';
import { daemonEnvironment } from '../lab/layout.ts';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import { lineOf, type Said, STOP } from './words.ts';

/** Where it finds what is to be the stdin of the command. */
const STDIN_FD = 3;

export async function joinAgent(argv: readonly string[], flags: JoinAgentFlags): Promise<number> {
  const { state, master, name, session } = flags;
  const { createLog, startAgent } = await import('@tutti/agent');
  /** Started and not ended. */
  const live = new Set<string>();
  let stopping = false;
  const say = (said: Said) => process.stdout.write(lineOf(said));
  const sayIdle = () => {
    if (stopping && live.size === 0) say({ is: 'idle' });
  };
  const running = await startAgent({
    ...{ state, master, name, session, address: flags.address, software: SOFTWARE, sdkDir },
    token: () => locateToken(flags.tokenFile, surroundings()),
    labels: { session },
    runtimeDir: join(state, 'run'),
    nodePath: process.execPath,
    log: createLog({ daemon: 'agent', level: 'info', out: process.stderr }),
    own: {
      argv,
      cwd: process.cwd(),
      env: given(daemonEnvironment(process.env)),
      stdin: flags.stdin ? STDIN_FD : undefined,
      onStart: ({ member }, { stdout, stderr }) => {
        live.add(member);
        // Open until this process ends: they can be read also when the master has had the member forgotten.
        say({ is: 'start', stdout: heldOpen(stdout), stderr: heldOpen(stderr) });
      },
      onEnd: (member, end) => {
        live.delete(member);
        say({ is: 'end', end });
        sayIdle();
      },
      onShipped: () => say({ is: 'shipped' }),
    },
  });
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line !== STOP) return;
    stopping = true;
    running.cancelMembers();
    sayIdle();
  });
  const daemon = {
    state,
    ready: running.registered.then(() => ({ url: master, name })),
    failed: running.refused,
    close: () => running.close({ kill: true }),
  };
  return runDaemon(daemon, { isPrivate: true });
}

function heldOpen(path: string): string {
  return `/proc/${process.pid}/fd/${openSync(path, 'r')}`;
}

function given(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
