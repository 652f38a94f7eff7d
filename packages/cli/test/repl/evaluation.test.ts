import { TuttiError } from '@tutti/protocol';
import { settled } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { type Evaluate, Evaluations } from '../../src/repl/evaluation.ts';

type Told = Parameters<Evaluate>[3];

/** Inputs come to what `values` says. */
function evaluations(values: Record<string, unknown>) {
  const left: string[] = [];
  const evaluate: Evaluate = (code, _context, _file, done) => {
    const value = values[code];
    if (value instanceof Error) done(value);
    else if (typeof value === 'function') (value as (done: Told) => void)(done);
    else done(null, value);
  };
  const all: Evaluations = new Evaluations(evaluate, () => left.push('left'));
  const told: unknown[] = [];
  const begin = (code: string) =>
    all.begin(code, {}, 'here', (error, value) => told.push(error === null ? value : error));
  return { all, told, begin, left };
}

test('what is known at once is told at once', () => {
  const wrong = new SyntaxError('no');
  const { all, told, begin } = evaluations({ a: 5, b: wrong });
  begin('a');
  begin('b');
  expect(told).toEqual([5, wrong]);
  expect(all.busy).toBe(false);
});

test('a promise is waited for, and what it comes to is told', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const { all, told, begin } = evaluations({
    a: promise,
    b: (done: Told) => done(null, Promise.reject(new Error('late'))),
  });
  begin('a');
  expect([told.length, all.busy]).toEqual([0, true]);
  resolve(7);
  await settled();
  expect(told).toEqual([7]);
  begin('b');
  await settled();
  expect(told.at(-1)).toMatchObject({ message: 'late' });
});

test('an interruption aborts the signal of what was begun by the input, and of that alone', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const { all, told, begin } = evaluations({
    a: (done: Told) => {
      signals.push(all.signal);
      void Promise.resolve().then(() => signals.push(all.signal));
      done(null, promise);
    },
  });
  expect(all.signal).toBeUndefined();
  expect(all.interrupt()).toBe(false);
  begin('a');
  await settled();
  expect(signals[0]).toBe(signals[1]);
  expect(all.interrupt()).toBe('interrupted');
  expect(signals[0]?.aborted).toBe(true);
  reject(new TuttiError('CANCELLED', 'stopped'));
  await settled();
  expect(told).toMatchObject([{ code: 'CANCELLED', message: 'stopped' }]);
});

test('interrupted twice it is left behind: what it comes to later is told to nobody', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const { all, told, begin } = evaluations({ a: promise });
  begin('a');
  all.interrupt();
  expect(all.interrupt()).toBe('left');
  await settled();
  expect(told).toMatchObject([{ code: 'CANCELLED' }]);
  resolve(1);
  await settled();
  expect(told).toHaveLength(1);
});

test('an await of the evaluator is left by the evaluator; what it then throws elsewhere is of the input', async () => {
  const { all, told, begin, left } = evaluations({ a: () => {} });
  begin('a');
  all.interrupt();
  all.interrupt();
  expect(left).toEqual(['left']);
  expect(all.failed(new Error('interrupted'))).toBe(true);
  expect(told).toMatchObject([{ message: 'interrupted' }]);
  expect(all.failed(new Error('of a timer'))).toBe(false);
});
