import { artifacts } from './artifacts.ts';
import { barriers } from './barriers.ts';
import { counters } from './counters.ts';
import type { Invariant } from './finding.ts';
import { lines } from './lines.ts';
import { locks } from './locks.ts';
import { messages } from './messages.ts';
import { verdicts } from './verdicts.ts';

/** A new one is one file like locks.ts, its name here, and a test that shows that it can fail. */
export const INVARIANTS: readonly Invariant[] = [
  lines,
  artifacts,
  barriers,
  counters,
  messages,
  locks,
  verdicts,
];
