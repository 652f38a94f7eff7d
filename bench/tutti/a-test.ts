/** Runs of one test, as a client submits them. */
import type { RunSpec } from '@tutti/protocol';

export interface Part {
  readonly role: string;
  readonly count?: number;
  readonly script: string;
}

export function aRun(parts: readonly Part[], { tests = 1, timeout = 80 } = {}): RunSpec {
  const test = (name: string) => ({
    ...{ name, timeout, linger: 10, grace: 30, params: {} },
    roles: parts.map(({ role, count = 1, script }) => ({
      ...{ name: role, count, params: {}, env: {}, essential: true },
      script: { kind: 'inline' as const, text: script },
    })),
  });
  return {
    suite: 'bench',
    tests: Array.from({ length: tests }, (_, index) => test(`test ${index + 1}`)),
    files: [],
  };
}
