/** `tutti run`: from the command line to the exit status. */
import { resolve } from 'node:path';
import { followRun, nodesNeeded, resumeRun } from '@tutti/client';
import { type LoadedSuite } from '@tutti/client/suite';
import { EXIT, type RunView, TuttiError } from '@tutti/protocol';
import { makeProgress } from '../progress/make-progress.ts';
import type { Progress } from '../progress/progress.ts';
import type { RunFlags } from './flags.ts';
import { type Interrupt, onInterrupt } from './interrupt.ts';
import { loadChosen } from './load.ts';
import { openLocal } from './local.ts';
import { Pauses } from './pauses.ts';
import type { Place } from './place.ts';
import { openRemote } from './remote.ts';
import { printSummary } from './summary.ts';

export async function run(suitePath: string | undefined, flags: RunFlags): Promise<number> {
  const suite = await loadChosen(suitePath, flags);
  const progress = makeProgress(process.stderr, process.env);
  for (const warning of suite.warnings) progress.note(`warning: ${warning}`);
  const interrupt = onInterrupt((signal) =>
    progress.note(`${signal}: cancelling the run; once more to leave at once`),
  );
  let place: Place | undefined;
  let latest: RunView | undefined;
  let kept: string | undefined;
  let pauses: Pauses | undefined;
  try {
    place = await open(suite, flags, interrupt, progress);
    const { spec, sources } = suite;
    const { client, reach } = place;
    pauses = new Pauses({
      progress,
      reach,
      keyboard: process.stdin.isTTY && process.stderr.isTTY ? process.stdin : undefined,
      decide: (number, how, test) => resumeRun(client, number, how, { test }),
    });
    const followed = followRun(place.client, {
      spec,
      sources,
      owned: true,
      waitForNodes: flags.waitForNodes,
      signal: interrupt.signal,
      onView: (view) => {
        latest = view;
        progress.show(view);
        pauses?.show(view);
      },
    });
    const view = await Promise.race([followed, place.failed]);
    progress.end();
    const dir = await Promise.race([place.results(view), place.failed]);
    await printSummary(dir, process.stdout, onOneScreen() ? progress.told : new Set());
    return view.exit ?? EXIT.error;
  } catch (error) {
    if (interrupt.signal.aborted && isCancelled(error)) return EXIT.interrupted;
    kept = latest && place?.partial(latest);
    throw error;
  } finally {
    pauses?.stop();
    progress.end();
    // A private master writes down how far it came.
    await place?.close();
    if (kept !== undefined) progress.note(`what there is of the results is in ${kept}`);
    interrupt.stop();
  }
}

/** Who reads the summary has seen the progress. */
function onOneScreen(): boolean {
  return process.stdout.isTTY && process.stderr.isTTY;
}

function isCancelled(error: unknown): boolean {
  return error instanceof TuttiError && error.code === 'CANCELLED';
}

function open(
  suite: LoadedSuite,
  flags: RunFlags,
  { signal }: Interrupt,
  progress: Progress,
): Promise<Place> {
  const resultsDir = resolve(flags.report ?? 'tutti-results');
  const { net } = flags;
  if (net !== 'auto' && net !== 'namespaces' && net !== 'host') {
    throw new TuttiError('USAGE', `--net takes auto, namespaces or host, not "${net}"`);
  }
  const note = (line: string) => progress.note(line);
  if (flags.local) {
    const agents = nodesNeeded(suite.spec);
    progress.busy(`starting a private master and ${agents} ${agents === 1 ? 'agent' : 'agents'}`);
    return openLocal({ agents, net, resultsDir, signal, note });
  }
  progress.busy('connecting to the master');
  const { master, tokenFile, logs } = flags;
  return openRemote({ master, tokenFile, resultsDir, logs, signal, progress });
}
