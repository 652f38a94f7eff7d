/** What a driver's test is given. All but `signal` and `params` can be imported as well. */
import { abort, barrier } from '../barrier.ts';
import { extend } from '../extend.ts';
import { get, incr, keys, set } from '../keys.ts';
import { lock, unlock } from '../locks.ts';
import { type Me, me } from '../me.ts';
import { mark, result } from '../report.ts';
import { recv, send, take } from '../topics.ts';
import { addr, topology } from '../topology.ts';
import { always } from './always.ts';
import { expect } from './expect/lazy.ts';
import type { Expect } from './expect/types.ts';
import { node, type Roles, roles } from './roles.ts';
import { skip } from './skip.ts';
import { step } from './step.ts';
import type { UnderWay } from './under-way.ts';
import { until } from './until.ts';

const given = {
  roles,
  node,
  expect,
  step,
  always,
  until,
  skip,
  me,
  abort,
  addr,
  barrier,
  extend,
  get,
  incr,
  keys,
  lock,
  mark,
  recv,
  result,
  send,
  set,
  take,
  topology,
  unlock,
};

export type Context<R extends string = string> = Omit<typeof given, 'roles' | 'expect'> & {
  /** The machines of the test, by role. */
  readonly roles: Roles<R>;
  readonly expect: Expect;
  /** Aborted when the test is over, or has failed already. */
  readonly signal: AbortSignal;
  readonly params: Me['params'];
};

export function contextOf({ abort: { signal } }: UnderWay): Context {
  return { ...given, signal, params: me.params };
}
