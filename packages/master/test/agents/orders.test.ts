import { describe, expect, test } from 'vitest';
import {
  labelsOf,
  NO_ORDERS,
  type Orders,
  outBy,
  withCare,
  withLabels,
  withOrder,
} from '../../src/agents/orders.ts';

describe('an order', () => {
  test('takes a machine out of service; of several the gravest is told', () => {
    expect(outBy(NO_ORDERS)).toBeUndefined();
    const drained = withOrder(NO_ORDERS, 'drained', { since: 1 });
    expect(outBy(drained)).toEqual({ why: 'drained', since: 1 });
    const both = withOrder(drained, 'quarantined', { since: 2, reason: 'smoke' });
    expect(outBy(both)).toEqual({ why: 'quarantined', since: 2, reason: 'smoke' });
    expect(outBy(withOrder(both, 'quarantined', undefined))).toEqual({ why: 'drained', since: 1 });
  });

  test('that is repeated keeps its time and its reason, with another reason it is another', () => {
    const first = withOrder(NO_ORDERS, 'maintenance', { since: 1, reason: 'new disk' });
    expect(withOrder(first, 'maintenance', { since: 5, reason: 'new disk' })).toBe(first);
    expect(withOrder(first, 'maintenance', { since: 5 })).toBe(first);
    expect(withOrder(first, 'maintenance', { since: 5, reason: 'new fan' }).maintenance).toEqual({
      since: 5,
      reason: 'new fan',
    });
  });

  test('that ends a quarantine gives a machine all its chances again; others do not', () => {
    const orders: Orders = { cycled: true, drained: { since: 1 }, quarantined: { since: 1, reason: 'x' } };
    expect(withOrder(orders, 'drained', undefined).cycled).toBe(true);
    expect(withOrder(orders, 'quarantined', undefined)).toEqual({ drained: { since: 1 } });
  });

  test('leaves what the master is at alone', () => {
    const used = withCare(NO_ORDERS, { at: 'used', run: 1, since: 1 });
    expect(withOrder(used, 'drained', { since: 2 }).care).toEqual(used.care);
    expect(withCare(used, undefined)).toEqual(NO_ORDERS);
  });
});

describe('labels', () => {
  const configured = { rack: 'a', gpu: '' };
  const change = (orders: Orders, set: Record<string, string>, remove: string[] = []) =>
    withLabels(orders, configured, { set, remove });

  test('of operators hide those of the agent, and can take them away', () => {
    const orders = change(NO_ORDERS, { rack: 'b', fast: '' }, ['gpu']);
    expect(labelsOf(configured, orders)).toEqual({ rack: 'b', fast: '' });
    // What the agent is configured with later is seen, unless it is hidden.
    expect(labelsOf({ gpu: 'x', new: '1' }, orders)).toEqual({ rack: 'b', fast: '', new: '1' });
  });

  test('set as the agent has them, or removed where only operators had them, leave no trace', () => {
    const orders = change(NO_ORDERS, { rack: 'b', fast: '' }, ['gpu']);
    expect(change(orders, configured, ['fast'])).toEqual(NO_ORDERS);
  });

  test('of operators stay when an agent comes with too many of its own', () => {
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`l${i}`, '']));
    const labels = labelsOf(many, withLabels(NO_ORDERS, {}, { set: { fast: '' }, remove: [] }));
    expect(Object.keys(labels)).toHaveLength(64);
    expect(labels).toMatchObject({ fast: '', l63: '' });
  });

  test('are at most 64 in all', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, '']));
    expect(Object.keys(labelsOf(configured, change(NO_ORDERS, many(62))))).toHaveLength(64);
    expect(() => change(NO_ORDERS, many(63))).toThrow(
      expect.objectContaining({
        code: 'BAD_PARAMS',
        message: expect.stringContaining('would have 65'),
      }) as Error,
    );
  });
});
