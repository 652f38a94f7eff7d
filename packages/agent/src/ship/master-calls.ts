/** Calls that mean the master, not a connection: repeated on every new session until they are answered. */
import type { CallName, CallParams, CallResult } from '@tutti/protocol';
import type { MasterLink } from './master-link.ts';

/** Rejects with the master's refusal, or soon after `signal` aborts. */
export async function askMaster<K extends CallName<'agent→master'>>(
  link: MasterLink,
  name: K,
  params: CallParams<K>,
  signal: AbortSignal,
): Promise<CallResult<K>> {
  for (;;) {
    const session = await link.session(signal);
    try {
      return await session.call(name, params, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (session.closed === undefined) throw error;
    }
  }
}
