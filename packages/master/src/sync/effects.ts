/**
 * What a space has decided, one effect after the other, as JSON: applied in order to a new space they make it answer
 * every later request as the first one would have. Arrivals and waits are no effects: callers repeat them.
 */
import { type ErrorCode, type Json, TuttiError } from '@tutti/protocol';
import type { Arrival } from './barrier.ts';

/** An error as it is kept; in a space an error has no other details than its culprit. */
export interface KeptError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly culprit?: string;
}

/** Who asked, and by which request. */
export type Caller = readonly [member: string, request: string];

export type Effect =
  /** One for all arrivals, in the order of their ranks: the very array of the release, so that it costs nothing. */
  | {
      readonly did: 'release';
      readonly name: string;
      readonly generation: number;
      readonly arrivals: readonly Arrival[];
      readonly hasData: boolean;
    }
  /** `timedOut`: the request among the waiters whose own deadline it was. */
  | {
      readonly did: 'break';
      readonly name: string;
      readonly error: KeptError;
      readonly waiters: readonly Caller[];
      readonly timedOut?: string;
    }
  /** The release that this arrival got was never told to the script; its next incarnation's next arrival there gets it. */
  | { readonly did: 'owe'; readonly member: string; readonly name: string; readonly request: string }
  /** This is that next arrival. */
  | { readonly did: 'hand'; readonly member: string; readonly name: string; readonly request: string }
  /** One request was refused, ran out of time, or waited for what can no longer come. */
  | { readonly did: 'fail'; readonly member: string; readonly request: string; readonly error: KeptError }
  /** The abort itself was taken; the break, if it made one, is an effect of its own. */
  | { readonly did: 'abort'; readonly request: string }
  | { readonly did: 'set'; readonly request: string; readonly key: string; readonly value: Json }
  | { readonly did: 'incr'; readonly request: string; readonly key: string; readonly value: number }
  | { readonly did: 'send'; readonly request: string; readonly topic: string; readonly data: Json }
  /** A message was given to these, who have not acknowledged it yet. */
  | {
      readonly did: 'deliver';
      readonly how: 'recv' | 'take';
      readonly topic: string;
      readonly offset: number;
      readonly to: readonly Caller[];
    }
  /** The message that the request was given is consumed. */
  | { readonly did: 'ack'; readonly request: string }
  /** The message that the request was given was not consumed: its caller has gone. */
  | { readonly did: 'return'; readonly request: string }
  | {
      readonly did: 'grant';
      readonly lock: string;
      readonly slots: number;
      readonly member: string;
      readonly request: string;
    }
  | { readonly did: 'unlock'; readonly lock: string; readonly member: string; readonly request: string }
  | { readonly did: 'leave'; readonly member: string; readonly how: string; readonly lost?: true };

/** An error with the one detail that errors of a space have. */
export function broken(code: ErrorCode, message: string, culprit: string | undefined): TuttiError {
  return new TuttiError(code, message, culprit === undefined ? {} : { details: { culprit } });
}

export function culpritOf({ details }: TuttiError): string | undefined {
  const culprit = details?.['culprit'];
  return typeof culprit === 'string' ? culprit : undefined;
}

export function kept(error: TuttiError): KeptError {
  const { code, message } = error;
  const culprit = culpritOf(error);
  return culprit === undefined ? { code, message } : { code, message, culprit };
}

export function revived({ code, message, culprit }: KeptError): TuttiError {
  return broken(code, message, culprit);
}
