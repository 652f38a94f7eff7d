/**
 * Reconnection as a pure state machine: no socket, no timer, no randomness of its own.
 *
 *              dial                  opened
 *   waiting ─────────▶ dialing ──────────────▶ open
 *      ▲                  │  lost                │ lost
 *      └──────────────────┴──────────────────────┘
 *          refused (permanent) │      any ── stop ──▶ stopped
 *                              ▼
 *                           refused
 *
 * "Try again" and "never try again" are different states: a wrong token does not improve with time.
 * Back-off with full jitter: uniform in 0 … min(5 s, 0.25 s · 2ⁿ), so that a thousand agents that lost one
 * master do not come back in step.
 */
import type { ErrorCode, TuttiError } from '@tutti/protocol';

const BASE_MS = 250;
const CAP_MS = 5000;

export type LinkState =
  | { at: 'waiting'; attempt: number; delayMs: number; error?: TuttiError }
  | { at: 'dialing'; attempt: number }
  | { at: 'open' }
  | { at: 'refused'; error: TuttiError }
  | { at: 'stopped' };

export type LinkEvent =
  | { type: 'dial' }
  | { type: 'opened' }
  /** `random` in [0, 1) decides how long to wait. */
  | { type: 'lost'; error: TuttiError; random: number }
  | { type: 'stop' };

/** What no repetition can mend. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set([
  'WRONG_TOKEN',
  'PROTOCOL_MISMATCH',
  'NAME_IN_USE',
  'CLONED_IDENTITY',
  'SUPERSEDED',
  'BAD_ADDRESS',
]);

export function isPermanent(code: ErrorCode): boolean {
  return PERMANENT.has(code);
}

export const INITIAL: LinkState = { at: 'waiting', attempt: 0, delayMs: 0 };

/** The longest wait before attempt n (0-based), in ms. */
export function backoffCapMs(attempt: number): number {
  return Math.min(CAP_MS, BASE_MS * 2 ** attempt);
}

/** Events that do not fit a state leave it as it is: a late event is no error. */
export function next(state: LinkState, event: LinkEvent): LinkState {
  if (state.at === 'refused' || state.at === 'stopped') return state;
  if (event.type === 'stop') return { at: 'stopped' };
  switch (state.at) {
    case 'waiting':
      return event.type === 'dial' ? { at: 'dialing', attempt: state.attempt } : state;
    case 'dialing':
      if (event.type === 'opened') return { at: 'open' };
      return event.type === 'lost' ? lost(event, state.attempt) : state;
    case 'open':
      return event.type === 'lost' ? lost(event, 0) : state;
  }
}

function lost({ error, random }: LinkEvent & { type: 'lost' }, attempt: number): LinkState {
  if (isPermanent(error.code)) return { at: 'refused', error };
  return { at: 'waiting', attempt: attempt + 1, delayMs: random * backoffCapMs(attempt), error };
}
