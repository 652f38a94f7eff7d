/** The list of runs, a page at a time: what the store keeps of them, and of those that wait their place and what for. */
import type { CallParams, CallResult, RunRow } from '@tutti/protocol';
import { present } from '../runs/report-values.ts';
import type { Runs } from '../runs/runs.ts';
import { runHead } from '../runs/view.ts';
import type { ListedRun, RunList } from '../store/run-list.ts';

/** A page with its causes stays well below a frame. */
const PAGE = 100;
/** Of so many is found out what they wait for: that takes a look at all that are before them. */
const EXPLAINED = 20;
const LONGEST_CAUSE = 2000;

export function listRuns(
  query: CallParams<'runs.list'>,
  list: RunList,
  runs: Pick<Runs, 'get' | 'order' | 'waitsFor'>,
): CallResult<'runs.list'> {
  // One more than is shown says whether there are more.
  const found = list.page(query, PAGE + 1);
  const rows = found.slice(0, PAGE).map((row) => rowOf(row, runs));
  const queued = rows.filter(({ phase }) => phase === 'queued');
  const order = queued.length === 0 ? [] : runs.order();
  const places = new Map(order.map((run, at) => [run, at + 1]));
  // The next ones first: people ask for them.
  const inTurn = queued.toSorted((a, b) => (places.get(a.run) ?? 0) - (places.get(b.run) ?? 0));
  for (const [at, row] of inTurn.entries()) {
    const run = runs.get(row.run);
    const waitsFor = at < EXPLAINED ? runs.waitsFor(run) : run.model.waitsFor;
    Object.assign(row, present({ place: places.get(row.run), waitsFor }));
  }
  return { runs: rows, more: found.length > PAGE };
}

function rowOf({ number, cause, ...row }: ListedRun, runs: Pick<Runs, 'get'>): RunRow {
  // How far a test is, which the store learns late; that the run has ended counts when it has.
  const head = row.phase === 'finished' ? undefined : runHead(runs.get(number).model);
  const phase = head === undefined || head.phase === 'finished' ? row.phase : head.phase;
  const paused = head?.paused;
  return { ...row, phase, run: number, ...present({ paused, cause: cause?.slice(0, LONGEST_CAUSE) }) };
}
