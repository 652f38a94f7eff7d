/** What has changed, as `watch()` says it: a line for each change that a person cares about. Pure. */
import type { Delta } from '@tutti/client/objects';
import type { NodeView, RunRow } from '@tutti/protocol';
import { oneLine } from '../progress/columns.ts';

export function nodeLine(delta: Delta<string, NodeView>): string | undefined {
  if (delta.kind === 'gone') return `${delta.key} is gone`;
  const now = nodeInWords(delta.now);
  if (delta.kind === 'added') return `${delta.key} is new: ${now}`;
  const before = nodeInWords(delta.before);
  return before === now ? undefined : `${delta.key}: ${before} → ${now}`;
}

export function runLine(delta: Delta<number, RunRow>): string | undefined {
  // It has only become one of the older ones.
  if (delta.kind === 'gone') return undefined;
  const { suite, done, size, notOk } = delta.now;
  const name = oneLine(`run ${delta.key} ${suite}`);
  const now = runInWords(delta.now);
  if (delta.kind === 'added') return `${name}: ${now}`;
  const before = runInWords(delta.before);
  if (before !== now) return `${name}: ${now}`;
  if (done === delta.before.done) return undefined;
  return `${name}: ${done} of ${size} tests done${notOk === 0 ? '' : `, ${notOk} not ok`}`;
}

function nodeInWords({ state, connected, run, doing }: NodeView): string {
  const away = connected || state === 'offline' || state === 'unreachable' ? '' : ', offline';
  const of = run === undefined ? '' : ` for run ${run}`;
  const what = doing === undefined ? '' : ` (${oneLine(doing)})`;
  return `${state}${away}${of}${what}`;
}

function runInWords({ phase, status, cause, waitsFor, duration, paused = [] }: RunRow): string {
  const [pause] = paused;
  if (pause !== undefined) return oneLine(`paused at ${pause.test}: ${pause.cause}`);
  if (status !== undefined && phase === 'finished') {
    const took = duration === undefined ? '' : ` in ${duration.toFixed(1)} s`;
    return `${status}${took}${cause === undefined ? '' : `: ${oneLine(cause)}`}`;
  }
  return phase === 'queued' && waitsFor !== undefined ? `queued, ${oneLine(waitsFor)}` : phase;
}
