/** An explanation in words for people: one line for lists, a paragraph for `tutti explain`. */
import type { Explanation, Obstacle } from './explain.ts';
import { needsInWords, nodes } from './needs-words.ts';

/** So many are named one by one. */
const NAMED = 12;

type Waiting = Extract<Explanation, { at: 'waiting' }>;

/** `needs 2 nodes (client 2 where cpus >= 4); 3 match, 1 is free` */
export function waitsFor({ shortage: { needs, matching, free } }: Waiting): string {
  return `needs ${needsInWords(needs)}; ${matching} ${matching === 1 ? 'matches' : 'match'}, ${free} ${
    free === 1 ? 'is' : 'are'
  } free`;
}

/** A line for each thing that is to be said. `now`: Unix ms, for how long ago and how soon. */
export function explanationInWords(explanation: Explanation, now: number): string[] {
  const { run } = explanation;
  if (explanation.at === 'starting') {
    return [`run ${run} starts on ${explanation.cast.flatMap((part) => part.nodes).join(', ')}`];
  }
  const { since, before, shortage, possible, latest } = explanation;
  const ahead =
    before === 0 ? 'the first in the queue' : `${before} ${before === 1 ? 'run is' : 'runs are'} before it`;
  const more = shortage.others.length - NAMED;
  return [
    `run ${run} has waited for ${span(now - since)}; ${ahead}`,
    `it ${waitsFor(explanation)}`,
    ...shortage.others.slice(0, NAMED).map((other) => `  ${obstacleInWords(other, now)}`),
    ...(more > 0 ? [`  and ${nodes(more)} more`] : []),
    !possible
      ? 'it cannot start: the machines in service do not suffice; bring back some of those above, or cancel it'
      : latest === undefined
        ? 'nobody can say when it starts at the latest: somebody before it has no time limit'
        : `it starts in ${span(latest - now)} at the latest`,
  ];
}

function obstacleInWords({ node, why, run, since, until, reason, doing }: Obstacle, now: number): string {
  const long = since === undefined ? '' : ` for ${span(now - since)}`;
  const end = until === undefined ? 'without a time limit' : `${span(until - now)} more at most`;
  const because = reason === undefined ? '' : `: ${reason}`;
  if (doing !== undefined) return `${node} ${doing}`;
  switch (why) {
    case 'held':
      return `${node} is held by run ${run}${long}, ${end}`;
    case 'kept':
      return `${node} is kept for run ${run}, which is before it`;
    case 'clearing':
      return `${node} has to end what its last run left${long === '' ? '' : `,${long} now`}`;
    case 'quarantined':
    case 'offline':
    case 'drained':
      return `${node} is ${why}${long}${because}`;
    case 'maintenance':
      return `${node} is in maintenance${long}${because}`;
  }
}

/** `42 s`, `12 min`, `3 h 20 min`, `2 d 4 h` */
function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
