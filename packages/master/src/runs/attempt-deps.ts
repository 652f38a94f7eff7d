/** What an attempt is given. */
import type { BlobCache, Clock, Logger } from '@tutti/link';
import type { AttemptCommandsDeps } from '../commands/attempt-commands.ts';
import type { InRun, SyncBroker } from '../sync/broker.ts';
import type { Effect } from '../sync/effects.ts';
import type { MemberUnderWay } from './live-member.ts';
import type { LiveMembers } from './members.ts';

export interface AttemptDeps {
  clock: Clock;
  broker: SyncBroker;
  live: LiveMembers;
  log: Logger;
  /** Puts the files and the directory of a member on its node. */
  stage: (member: MemberUnderWay, signal: AbortSignal) => Promise<void>;
  /** What is put on machines and brought from them. */
  blobs: BlobCache;
  commands: AttemptCommandsDeps;
  /** Something that people watch has changed; a pause begins or ends. */
  changed: (what?: 'pause') => void;
  keep: KeepAttempt;
  /** What its sync space had decided under an earlier master. */
  decisions: () => Iterable<Effect>;
  /** For how many seconds it stands still at its first failure; undefined: it does not. */
  pauseSeconds: () => number | undefined;
  /** Its place in the sync space of its run, as of now. */
  inRun: () => InRun;
}

/** Makes what has become of an attempt durable; each resolves when it is. */
export interface KeepAttempt {
  attempt(
    step:
      | 'planned'
      | 'opened'
      | 'extended'
      | 'asked for a reboot'
      | 'lingers'
      | 'paused'
      | 'resumed'
      | 'frozen'
      | 'over'
      | 'judged',
  ): Promise<void>;
  test(): Promise<void>;
}
