/** Calls that mean the master, not a connection: repeated on every new session until they are answered. */
import type { CallName, CallParams, CallResult } from '@tutti/protocol';
import type { MasterLink, MasterSession } from './master-link.ts';

/** Rejects with the master's refusal, or soon after `signal` aborts. */
export async function askMaster<K extends CallName<'agent→master'>>(
  link: MasterLink,
  name: K,
  params: CallParams<K>,
  signal: AbortSignal,
): Promise<CallResult<K>> {
  return onSessions(link, signal, (session) => session.call(name, params, { signal }));
}

/** Begins again on the next session what the end of one has cut short. */
export async function onSessions<T>(
  link: MasterLink,
  signal: AbortSignal,
  work: (session: MasterSession) => Promise<T>,
): Promise<T> {
  for (;;) {
    const session = await link.session(signal);
    try {
      return await work(session);
    } catch (error) {
      signal.throwIfAborted();
      if (session.closed === undefined) throw error;
    }
  }
}
