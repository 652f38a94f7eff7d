/** Needs that no state of the known machines can satisfy: refused at submit, in words that name the nearest miss. Pure. */
import type { Machine } from '@tutti/protocol/selector';
import { Matching } from './matching.ts';
import { nearMiss } from './near-miss.ts';
import { needsInWords, nodes } from './needs-words.ts';
import { type Need, Pool } from './pool.ts';
import { Selectors } from './selectors.ts';

/** So many machines are named one by one. */
const NAMED = 6;

/**
 * What can never be had, in a sentence; undefined when all known machines together suffice. `machines`: all that the
 * master knows, in service or not.
 */
export function neverSatisfiable(
  needs: readonly Need[],
  machines: readonly Machine[],
  selectors: Selectors = new Selectors(),
): string | undefined {
  const pool = new Pool(
    machines.map((machine) => ({ machine })),
    selectors,
  );
  const wish = pool.wish(needs);
  const matching = new Matching(wish.groups);
  for (const node of pool.nodes.keys()) matching.add(node);
  if (matching.complete) return undefined;
  const short = matching.shortage(pool.nodes.keys()).flatMap((group) => wish.groups[group] ?? []);
  const wheres = new Set(short.map(({ where }) => where));
  const wanted = needsInWords(wish.needs.filter(({ where }) => wheres.has(where)));
  const fitting = pool.nodes.filter((_, node) => short.some(({ fits }) => fits[node] === 1));
  const known = `the master knows ${nodes(machines.length)}`;
  const misses = short.flatMap(({ where, fits }) =>
    where === undefined || machines.length === 0 || fits.includes(1) ? [] : nearMiss(where, machines),
  );
  return [
    `the run needs ${wanted}, ${known}${ofWhich(
      fitting.map(({ machine }) => machine.name),
      machines,
    )}`,
    ...misses,
  ].join('; ');
}

function ofWhich(fitting: readonly string[], { length }: readonly Machine[]): string {
  if (fitting.length === length) return '';
  if (fitting.length === 0) return ', of which none matches';
  const more = fitting.length > NAMED ? ' …' : '';
  const verb = fitting.length === 1 ? 'matches' : 'match';
  return `, of which ${fitting.length} ${verb} (${fitting.slice(0, NAMED).join(', ')}${more})`;
}
