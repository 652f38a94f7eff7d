/** What changes of runs: those that have not ended, and the last that have. */
import type { Clock } from '@tutti/link';
import { isOk, type RunRow } from '@tutti/protocol';
import type { Run } from '../runs/model.ts';
import type { Runs } from '../runs/runs.ts';
import { runHead } from '../runs/view.ts';
import { ChangesLog } from './changes-log.ts';
import { Watch } from './watch.ts';

/** With its causes a page stays well below a frame. */
const PAGE = 100;
const MOST_GONE = 10_000;
const LONGEST_CAUSE = 2000;

export type RunWatch = Watch<number, RunRow>;

export function watchRuns(clock: Clock, runs: Pick<Runs, 'onChange' | 'remembered'>): RunWatch {
  const log = new ChangesLog<number>(MOST_GONE);
  const known = new Map<number, Run>();
  const watch: RunWatch = new Watch({
    ...{ clock, log, page: PAGE },
    view: (number) => {
      const run = known.get(number);
      return run && runRow(run);
    },
  });
  const note = (run: Run, remembered: boolean) => {
    if (remembered) {
      known.set(run.number, run);
      log.touch(run.number);
    } else {
      known.delete(run.number);
      log.drop(run.number);
    }
    watch.changed();
  };
  for (const run of runs.remembered()) note(run, true);
  runs.onChange(note);
  return watch;
}

/** But for its place in the queue, which changes with others. */
function runRow(run: Run): RunRow {
  const head = runHead(run);
  const ended = run.tests.filter(({ status }) => status !== undefined);
  return {
    ...head,
    ...(head.cause === undefined ? {} : { cause: head.cause.slice(0, LONGEST_CAUSE) }),
    ...(head.waitsFor === undefined ? {} : { waitsFor: head.waitsFor.slice(0, LONGEST_CAUSE) }),
    started: run.started,
    priority: run.priority,
    done: ended.length,
    notOk: ended.filter(({ status }) => status !== undefined && !isOk(status)).length,
  };
}
