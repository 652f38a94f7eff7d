/** The test that is under way in this process. One at a time: the tests of a file follow each other. */
import { setSignalOfTest } from '../test-signal.ts';
import type { OwnWatch } from './always.ts';

export interface UnderWay {
  readonly name: string;
  /** Aborted when the test is over, or is to end because it has failed already. */
  readonly abort: AbortController;
  /** By `performance.now()`. */
  readonly began: number;
  readonly watches: Set<OwnWatch>;
  /** Steps were reported: then the test is a subtest beside them. */
  hasSteps: boolean;
}

let current: UnderWay | undefined;

export function underWay(): UnderWay | undefined {
  return current;
}

export function begin(name: string): UnderWay {
  current = {
    name,
    abort: new AbortController(),
    began: performance.now(),
    watches: new Set(),
    hasSteps: false,
  };
  setSignalOfTest(current.abort.signal);
  return current;
}

export function end(): void {
  current = undefined;
  setSignalOfTest(undefined);
}
