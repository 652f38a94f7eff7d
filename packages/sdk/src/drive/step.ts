/** Steps: the parts of a test that the report shows as subtests, with how long each took. */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { result, type SubtestStatus } from '../report.ts';
import { type Outcome, outcomeOf } from './failures/classify.ts';
import { sentence } from './failures/present.ts';
import { underWay } from './under-way.ts';

/** Which test and which steps a piece of code is in, also among those that go on side by side. Made when first needed. */
let inside: AsyncLocalStorage<readonly string[]> | undefined;

/** Runs it as a part of what it is in, under this name. */
export function within<T>(path: readonly string[], work: () => T): T {
  inside ??= new (process.getBuiltinModule('node:async_hooks').AsyncLocalStorage)();
  return inside.run(path, work);
}

/** The test, and the steps in it, outermost first; empty outside of any. */
export function whereabouts(): readonly string[] {
  return inside?.getStore() ?? [];
}

/** Failures that a step has told: those around it only say that it was in there. */
const told = new WeakMap<object, string>();

const LONGEST_NAME = 128;

/**
 * Does it, and reports it as a subtest: "failover / stop the primary", and in it "failover / stop the primary / wait". Returns what
 * it gave, and throws what it threw.
 */
export async function step<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  const test = underWay();
  if (test !== undefined) test.hasSteps = true;
  const path = [...whereabouts(), name];
  const began = performance.now();
  const duration = (): number => (performance.now() - began) / 1000;
  try {
    const value = await within(path, async () => work());
    await report(path, 'pass', duration());
    return value;
  } catch (error) {
    await report(path, outcomeOf(error), duration(), error);
    throw error;
  }
}

/** Of a step, or of a test that is one of several. */
export async function report(
  path: readonly string[],
  outcome: Outcome,
  duration: number,
  error?: unknown,
): Promise<void> {
  const name = shortened(path.join(' / '));
  const status: SubtestStatus = outcome;
  await result(name, status, { duration, message: messageOf(name, error) });
}

function messageOf(name: string, error: unknown): string | undefined {
  if (error === undefined) return undefined;
  const key = typeof error === 'object' && error !== null ? error : undefined;
  const before = key && told.get(key);
  if (before !== undefined) return `see "${before}"`;
  if (key !== undefined) told.set(key, name);
  if (outcomeOf(error) === 'skip') return (error as Error).message;
  return sentence('', error);
}

function shortened(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
}
