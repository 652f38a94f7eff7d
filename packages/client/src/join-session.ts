/**
 * A place in a session, asked for and waited for.
 *
 * Guarantees: asked again after a lost connection it is the same joiner; the wait ends when it was said to, also where the
 * master cannot be reached; who aborts `signal` gives the place back.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type CallResult, LIMITS, type SessionTerms, TuttiError } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

export interface JoinOptions {
  session: string;
  role: string;
  /** The ids of the agents that are brought, one for each member. */
  agents: string[];
  terms: SessionTerms;
  /** How long to wait for the others, in seconds. */
  patience: number;
  /** Told whom the session waits for, whenever that changes. */
  onWaiting?: (waitsFor: string) => void;
  signal?: AbortSignal | undefined;
  /** So much longer than the master, which can say who is missing; default 3 s. */
  marginMs?: number;
}

/** Throws `SESSION_REFUSED`, `SESSION_IN_USE`; `TIMED_OUT` with who is missing. */
export async function joinSession(
  client: MasterClient,
  { session, role, agents, terms, patience, onWaiting, signal, marginMs = 3000 }: JoinOptions,
): Promise<CallResult<'session.join'>> {
  const joiner = randomBytes(16).toString('hex');
  const began = performance.now();
  const left = () => Math.max(0, patience - (performance.now() - began) / 1000);
  let waitsFor: string | undefined;
  const stop = client.listen({
    session: (change) => {
      if (change.session !== session || change.waitsFor === waitsFor) return;
      waitsFor = change.waitsFor;
      onWaiting?.(waitsFor);
    },
  });
  const late = new AbortController();
  const timer = setTimeout(
    () => {
      const last = waitsFor === undefined ? '' : `; it waited for ${waitsFor}`;
      const message = `session "${session}" was not complete after ${patience} s, and the master does not answer${last}`;
      late.abort(new TuttiError('TIMED_OUT', message));
    },
    patience * 1000 + marginMs,
  );
  const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  try {
    return await client.persist(
      (connection) =>
        connection.call(
          'session.join',
          {
            session,
            joiner,
            host: hostname().slice(0, LIMITS.name.value),
            role,
            agents,
            terms,
            patience: left(),
          },
          { signal: either },
        ),
      either,
    );
  } finally {
    clearTimeout(timer);
    stop();
  }
}
