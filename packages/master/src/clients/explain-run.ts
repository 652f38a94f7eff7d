/** Why a run has not begun, for a client: as lines for people, and as data within a frame. */
import type { ExplanationView } from '@tutti/protocol';
import type { RunUnderWay } from '../runs/run-under-way.ts';
import type { Runs } from '../runs/runs.ts';
import { runHead } from '../runs/view.ts';
import { explanationInWords } from '../scheduler/explain-words.ts';

const OBSTACLES = 200;
const NEEDS = 20;
/** Selectors can be long. */
const LINE = 4096;

/** `now`: Unix ms, master time. */
export function explainRun(run: RunUnderWay, runs: Runs, now: number): ExplanationView {
  const explanation = runs.explain(run);
  runs.refresh(run);
  const head = runHead(run.model);
  if (explanation === undefined) {
    const { phase, status } = run.model;
    return { head, lines: [`run ${head.run} does not wait for machines: it is ${status ?? phase}`] };
  }
  const lines = explanationInWords(explanation, now).map((line) =>
    line.length <= LINE ? line : `${line.slice(0, LINE - 1)}…`,
  );
  if (explanation.at === 'starting') return { head, lines };
  const { since, before, shortage, possible, latest } = explanation;
  return {
    head,
    lines,
    waiting: {
      ...{ since, before, possible },
      ...{ wanted: shortage.wanted, matching: shortage.matching, free: shortage.free },
      needs: shortage.needs.slice(0, NEEDS),
      others: shortage.others.slice(0, OBSTACLES),
      ...(latest === undefined ? {} : { latest }),
    },
  };
}
