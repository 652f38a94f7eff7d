/**
 * What was decided about a machine and holds until it is taken back, across its connections and restarts of the master: by
 * operators, or by the master when the machine gave trouble. Pure; store/node-rows.ts keeps it.
 */
import { type Labels, LIMITS, TuttiError } from '@tutti/protocol';
import type { Out } from '../scheduler/pool.ts';

export interface Order {
  /** Unix ms. */
  readonly since: number;
  readonly reason?: string;
}

/**
 * What the master does with a machine itself, and takes up again after a restart.
 *
 *   used ──▶ releasing ──▶ (none)
 *    │           │
 *    └─ trouble ─┴──▶ cycling ──▶ (none), or quarantined
 */
export type Care =
  /** It is prepared for a run, or used by it: it has to be released. */
  | { readonly at: 'used'; readonly run: number; readonly since: number }
  | { readonly at: 'releasing'; readonly run: number; readonly since: number }
  /** Its power is cycled, and it has to come back with another boot than this. */
  | {
      readonly at: 'cycling';
      readonly why: string;
      readonly boot: string;
      readonly since: number;
      /** The command has ended well. */
      readonly done: boolean;
      readonly run?: number;
    };

export interface Orders {
  /** On top of the labels that its agent was given; null: not that one. */
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly drained?: Order;
  readonly maintenance?: Order;
  readonly quarantined?: Order & { readonly reason: string };
  readonly care?: Care;
  /** Its power was cycled because of trouble, and no run has gone well since: the next trouble is the last. */
  readonly cycled?: true;
}

export const NO_ORDERS: Orders = {};

/** The kinds that take a machine out of service, first the one that people have to hear of first. */
const OUT_OF_SERVICE = ['quarantined', 'maintenance', 'drained'] as const;
export type OutOfService = (typeof OUT_OF_SERVICE)[number];

/** Why it is given to no run; undefined: nothing was ordered against it. */
export function outBy(orders: Orders): Out | undefined {
  const why = OUT_OF_SERVICE.find((kind) => orders[kind] !== undefined);
  if (why === undefined) return undefined;
  const { since = 0, reason } = orders[why] ?? {};
  if (why === 'quarantined') return { why, since, reason: reason ?? '' };
  return { why, since, ...(reason === undefined ? {} : { reason }) };
}

/** Taken out of service, or given back (`order` absent). Ordered again it keeps its time unless the reason is another. */
export function withOrder(orders: Orders, kind: OutOfService, order: Order | undefined): Orders {
  const { [kind]: before, ...others } = orders;
  if (order === undefined) {
    if (kind !== 'quarantined') return others;
    // Somebody has looked at it: it has all its chances again.
    const { cycled: _, ...forgiven } = others;
    return forgiven;
  }
  if (before !== undefined && before.reason === (order.reason ?? before.reason)) return orders;
  return { ...others, [kind]: order };
}

/** Should an agent come with more than there is room for, beside those of operators, some of its own are left out. */
export function labelsOf(configured: Labels, orders: Orders): Labels {
  return Object.fromEntries(allLabels(configured, orders).slice(-LIMITS.labels.value));
}

/** Those of operators come last. */
function allLabels(configured: Labels, { labels = {} }: Orders): [string, string][] {
  const own = Object.entries(configured).filter(([name]) => !Object.hasOwn(labels, name));
  const set = Object.entries(labels).filter((label): label is [string, string] => label[1] !== null);
  return [...own, ...set];
}

/**
 * `remove`: also labels that the agent was configured with; a set label hides the configured one. Throws `BAD_PARAMS`
 * when there would be too many.
 */
export function withLabels(
  orders: Orders,
  configured: Labels,
  { set, remove }: { readonly set: Labels; readonly remove: readonly string[] },
): Orders {
  const labels: Record<string, string | null> = { ...orders.labels };
  for (const name of remove) {
    if (Object.hasOwn(configured, name)) labels[name] = null;
    else delete labels[name];
  }
  for (const [name, value] of Object.entries(set)) {
    if (configured[name] === value) delete labels[name];
    else labels[name] = value;
  }
  const count = allLabels(configured, { labels }).length;
  if (count > LIMITS.labels.value) {
    throw new TuttiError(
      'BAD_PARAMS',
      `a machine has at most ${LIMITS.labels.value} labels, this one would have ${count}`,
    );
  }
  const { labels: _, ...others } = orders;
  return Object.keys(labels).length === 0 ? others : { ...others, labels };
}

export function withCare(orders: Orders, care: Care | undefined): Orders {
  const { care: _, ...others } = orders;
  return care === undefined ? others : { ...others, care };
}

/** What the master is at with it, in words that complete "n1 …". */
export function careInWords(care: Care): string | undefined {
  switch (care.at) {
    case 'used':
      return undefined;
    case 'releasing':
      return `is being released by run ${care.run}`;
    case 'cycling':
      return `${care.done ? 'is coming back after its power was cycled' : 'has its power cycled'}: ${care.why}`;
  }
}
