/**
 * The kinds of faults: how often, on what, for how long, and what they hold meanwhile. Plain data: what they do to a lab is in
 * faults.ts.
 */

export interface Kind {
  /** How often, compared to the others. */
  weight: number;
  /** Which machines can have it. */
  on: 'agent' | 'master';
  /** Two faults that hold the same thing of a machine do not overlap. */
  holds: readonly Part[];
  /** Seconds, at least and at most. */
  lasts: readonly [number, number];
  /** Meanwhile the agent is not heard: with the master's, all of them. */
  away: boolean;
  /** A member that is hit by it cannot have the verdict that it would have had. */
  harmful: boolean;
}

export type Part = 'daemon' | 'wire' | 'disk' | 'clock' | 'power';

const mild = { away: false, harmful: false } as const;
const away = { away: true, harmful: false } as const;

export const KINDS = {
  'kill-agent': { weight: 6, on: 'agent', holds: ['daemon'], lasts: [0.2, 5], ...away },
  'stop-agent': { weight: 3, on: 'agent', holds: ['daemon'], lasts: [0.5, 5], ...away },
  'freeze-agent': { weight: 3, on: 'agent', holds: ['daemon'], lasts: [1, 8], ...away },
  'kill-master': { weight: 4, on: 'master', holds: ['daemon'], lasts: [0.2, 4], ...away },
  'stop-master': { weight: 2, on: 'master', holds: ['daemon'], lasts: [0.5, 4], ...away },
  'freeze-master': { weight: 2, on: 'master', holds: ['daemon'], lasts: [1, 7], ...away },
  'cut-agent': { weight: 4, on: 'agent', holds: ['wire'], lasts: [1, 9], ...away },
  'cut-master': { weight: 2, on: 'master', holds: ['wire'], lasts: [1, 8], ...away },
  /** What it sends is lost. */
  mute: { weight: 2, on: 'agent', holds: ['wire'], lasts: [2, 9], ...away },
  /** What is sent to it is lost. */
  deafen: { weight: 2, on: 'agent', holds: ['wire'], lasts: [2, 9], ...away },
  slow: { weight: 2, on: 'agent', holds: ['wire'], lasts: [4, 12], ...mild },
  'jump-clock': { weight: 2, on: 'agent', holds: ['clock'], lasts: [1, 20], ...mild },
  'jump-master-clock': { weight: 2, on: 'master', holds: ['clock'], lasts: [1, 20], ...mild },
  'fill-master-disk': { weight: 2, on: 'master', holds: ['disk', 'daemon'], lasts: [1, 6], ...mild },
  /** The members there are asked to, and do it as soon as they can. */
  reboot: { weight: 4, on: 'agent', holds: ['power'], lasts: [10, 20], ...mild },
  /** Nobody has asked for it, and files lose what was not on the disk. */
  crash: { weight: 1, on: 'agent', holds: ['power', 'daemon'], lasts: [0.5, 3], away: true, harmful: true },
  /** For longer than the grace of the tests. */
  vanish: {
    weight: 0.5,
    on: 'agent',
    holds: ['wire', 'daemon', 'power'],
    lasts: [48, 52],
    away: true,
    harmful: true,
  },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

export function kindOf(name: KindName): Kind {
  return KINDS[name];
}
