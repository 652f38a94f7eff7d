/** How a message is declared: `call` and `event` are the only two ways into the catalogue. */
import type { z } from 'zod';

export type Direction = 'agent→master' | 'master→agent' | 'client→master' | 'master→client';

export const DIRECTIONS = ['agent→master', 'master→agent', 'client→master', 'master→client'] as const;

export interface CallEntry<
  D extends Direction = Direction,
  P extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  readonly kind: 'call';
  /** Who may call whom. */
  readonly directions: readonly D[];
  readonly params: P;
  readonly result: R;
  /** Asking twice does the same as asking once, so a caller may repeat it after a lost connection. */
  readonly idempotent: boolean;
  readonly doc: string;
}

export interface EventEntry<D extends Direction = Direction, P extends z.ZodType = z.ZodType> {
  readonly kind: 'event';
  readonly directions: readonly D[];
  readonly params: P;
  readonly doc: string;
}

export function call<const D extends Direction, P extends z.ZodType, R extends z.ZodType>(
  entry: Omit<CallEntry<D, P, R>, 'kind'>,
): CallEntry<D, P, R> {
  return { kind: 'call', ...entry };
}

export function event<const D extends Direction, P extends z.ZodType>(
  entry: Omit<EventEntry<D, P>, 'kind'>,
): EventEntry<D, P> {
  return { kind: 'event', ...entry };
}
