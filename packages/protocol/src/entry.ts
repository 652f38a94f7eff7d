/** How a message is declared: `call` and `event` are the only two ways into the catalogue. */
import type { z } from 'zod';

export type Direction = 'agent→master' | 'master→agent' | 'client→master' | 'master→client';

export const DIRECTIONS = ['agent→master', 'master→agent', 'client→master', 'master→client'] as const;

export interface CallEntry<
  D extends Direction = Direction,
  P extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
  H extends string | undefined = string | undefined,
> {
  readonly kind: 'call';
  /** Who may call whom. */
  readonly directions: readonly D[];
  readonly params: P;
  readonly result: R;
  /** Asking twice does the same as asking once, so a caller may repeat it after a lost connection. */
  readonly idempotent: boolean;
  /**
   * Of a client's call that works by streams or events of its session: what does the same over HTTP, or `none, as …`.
   * Others are asked by POST.
   */
  readonly http: H;
  /** What waits for something is given up when its caller goes away; else it is carried through, whoever still hears of it. */
  readonly endsWithCaller?: boolean;
  readonly doc: string;
}

export interface EventEntry<D extends Direction = Direction, P extends z.ZodType = z.ZodType> {
  readonly kind: 'event';
  readonly directions: readonly D[];
  readonly params: P;
  readonly doc: string;
}

export function call<
  const D extends Direction,
  P extends z.ZodType,
  R extends z.ZodType,
  const H extends string | undefined = undefined,
>(entry: Omit<CallEntry<D, P, R, H>, 'kind' | 'http'> & { readonly http?: H }): CallEntry<D, P, R, H> {
  return { kind: 'call', ...entry, http: entry.http as H };
}

export function event<const D extends Direction, P extends z.ZodType>(
  entry: Omit<EventEntry<D, P>, 'kind'>,
): EventEntry<D, P> {
  return { kind: 'event', ...entry };
}
