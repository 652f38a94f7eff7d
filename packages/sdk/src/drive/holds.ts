/**
 * What it means that a condition holds, for `until` and `always` alike: it neither throws nor gives something false. Nothing at
 * all, `undefined`, holds: that is what a function of assertions returns.
 */
import { isOfLab } from './failures/classify.ts';
import { inspected } from './failures/inspected.ts';

export type Condition<T = unknown> = (signal: AbortSignal) => T | Promise<T>;

export type Tried<T> =
  | { readonly held: true; readonly value: T }
  | { readonly held: false; readonly why: Why };

export interface Why {
  readonly words: string;
  readonly cause?: unknown;
}

/** Throws what no repetition can mend, and what says nothing about the condition: that the lab broke. */
export async function tryOnce<T>(condition: Condition<T>, signal: AbortSignal): Promise<Tried<T>> {
  try {
    const value = await condition(signal);
    if (value === undefined || Boolean(value)) return { held: true, value };
    return { held: false, why: { words: `it gave ${inspected(value)}` } };
  } catch (error) {
    if (isOfLab(error)) throw error;
    const words = error instanceof Error ? error.message : inspected(error);
    return { held: false, why: { words, cause: error } };
  }
}
