/**
 * A private lab for `tutti run --local`: a master and agents that belong to this process. They end with it, however it
 * ends, and nothing of them stays: no process, no namespace, no interface, no socket, no temporary directory. (Run
 * results are not theirs: they are in `runsDir`.) Linux only.
 *
 *   this process ──lifeline──▶ sweeper   (namespaces: holds the bridge's namespace)
 *        ├────────lifeline──▶ master    in the machine's own network; listens on a Unix socket
 *        └────────lifeline──▶ agents    each in a namespace of its own, or all in the machine's
 *
 * The lifelines are pipes on stdin. `held-process.ts` says why they hold, `sweep-script.ts` what happens when they break.
 *
 * Not guaranteed: cleaning up after a kernel crash, or after all of starter, sweeper and a daemon were killed by -9.
 */
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { LabNode } from './addresses.ts';
import { bringUp } from './bring-up.ts';
import { chooseNet, type NetKind, type NetWish } from './choose-net.ts';
import { badNumberOfAgents, notReady, startCancelled } from './failures.ts';
import { LabProcesses } from './lab-processes.ts';
import { baseDirectory, daemonEnvironment } from './layout.ts';

export interface LabOptions {
  readonly agents: number;
  readonly net: NetWish;
  /** Where the master writes runs; made by it. */
  readonly runsDir: string;
  /** How to start tutti, absolute: `[process.execPath, '/…/dist/tutti.js']`. */
  readonly command: readonly string[];
  readonly log?: (line: string) => void;
  /** Cancels the start, which cleans up before it rejects. After the start `stop` is the way. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the system's directory for temporary files. */
  readonly tmpRoot?: string;
  /** Until all are ready; default 20 s and 1 s for each agent. */
  readonly startMs?: number;
  /** Until a daemon that was told to end is killed; default 10 s, and 15 s if this process is gone. */
  readonly stopMs?: number;
}

export interface Lab {
  /** `unix:/tmp/tutti-…/m.sock` */
  readonly url: string;
  readonly token: string;
  readonly net: NetKind;
  /** For the first line of output: "3 agents on this host's network (not root)". */
  readonly reason: string;
  readonly nodes: readonly LabNode[];
  /** Rejects when a process of the lab ends unexpectedly, with its last words; never resolves. */
  readonly failed: Promise<never>;
  /** Ends everything and resolves when nothing is left; bounded. Never rejects. */
  stop(): Promise<void>;
}

/**
 * @throws TuttiError `USAGE` if namespaces were asked for by name and cannot be had; `LAB_FAILED` if a daemon died;
 * `TIMED_OUT` if one was not ready in time; `CANCELLED`.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { agents, signal, log = () => undefined, startMs = 20_000 + agents * 1_000, stopMs } = options;
  if (!Number.isSafeInteger(agents) || agents < 1) throw badNumberOfAgents(agents);
  if (signal?.aborted) throw startCancelled(signal.reason);
  const { tmpRoot } = options;
  const base = baseDirectory(tmpRoot === undefined ? undefined : realPath(tmpRoot), realPath(tmpdir()));
  const env = daemonEnvironment(process.env);
  const giveUp = giveUpSignal(signal, startMs);
  const began = performance.now();
  const reached = (stage: string) =>
    log(`local lab: ${stage} after ${Math.round(performance.now() - began)} ms`);

  let processes: LabProcesses | undefined;
  try {
    const net = await chooseNet(options.net, agents, giveUp.signal);
    const sweeper = { base, net, env, patienceMs: stopMs ?? 15_000 };
    processes = new LabProcesses({ sweeper, stopMs: stopMs ?? 10_000, log });
    const starting = {
      processes,
      net,
      agents,
      env,
      reached,
      signal: giveUp.signal,
      command: options.command,
    };
    const up = await Promise.race([
      bringUp({ ...starting, runsDir: resolve(options.runsDir) }),
      processes.failed,
      giveUp.happened,
    ]);
    const { failed } = processes;
    const stop = processes.stop.bind(processes);
    return { ...up, net: net.kind, reason: net.reason, failed, stop };
  } catch (error) {
    const late =
      processes?.late.map((daemon) => ({ what: daemon.what, lastWords: daemon.lastWords() })) ?? [];
    await processes?.stop();
    if (signal?.aborted) throw startCancelled(signal.reason);
    if (giveUp.signal.aborted) throw notReady(late, startMs / 1000);
    throw error;
  } finally {
    giveUp.dispose();
  }
}

/** The caller's signal or the deadline, whichever comes first; as a signal and as a promise that only rejects. */
function giveUpSignal(signal: AbortSignal | undefined, ms: number) {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), ms);
  const either = AbortSignal.any(signal === undefined ? [deadline.signal] : [signal, deadline.signal]);
  const happened = new Promise<never>((_, reject) => {
    either.addEventListener('abort', () => reject(startCancelled(either.reason)), { once: true });
  });
  happened.catch(() => undefined);
  return { signal: either, happened, dispose: () => clearTimeout(timer) };
}

/** What does not exist stays as it is: the sweeper will say so, in the words of the system. */
function realPath(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return dir;
  }
}
