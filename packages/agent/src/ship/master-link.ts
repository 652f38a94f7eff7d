/** The way to the master, as those see it who have something to say to it. */
import type { Session } from '@tutti/link';

export type MasterSession = Session<'agent→master', 'master→agent'>;

/** What the relay needs of the link. */
export interface MasterLink {
  /** The session now, or the next one. Rejects when `signal` aborts first, or when no more will come. */
  session(signal: AbortSignal): Promise<MasterSession>;
}
