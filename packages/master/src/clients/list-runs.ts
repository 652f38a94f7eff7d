/** The list of runs, a page at a time: what the store keeps of them, and of those that wait what they wait for. */
import type { CallParams, CallResult, RunRow } from '@tutti/protocol';
import { present } from '../runs/report-of.ts';
import type { Runs } from '../runs/runs.ts';
import type { ListedRun, RunList } from '../store/run-list.ts';

/** A page with its causes stays well below a frame. */
const PAGE = 100;

export function listRuns(
  query: CallParams<'runs.list'>,
  list: RunList,
  runs: Pick<Runs, 'get' | 'place'>,
): CallResult<'runs.list'> {
  // One more than is shown says whether there are more.
  const found = list.page(query, PAGE + 1);
  return { runs: found.slice(0, PAGE).map((row) => rowOf(row, runs)), more: found.length > PAGE };
}

const LONGEST_CAUSE = 2000;

function rowOf({ number, cause, ...row }: ListedRun, runs: Pick<Runs, 'get' | 'place'>): RunRow {
  const shared = { ...row, run: number, ...present({ cause: cause?.slice(0, LONGEST_CAUSE) }) };
  if (row.phase !== 'queued') return shared;
  const run = runs.get(number);
  return { ...shared, ...present({ waitsFor: run.model.waitsFor, place: runs.place(run) }) };
}
