/** What every member of one agent shares. */
import type { MemberEnd } from '@tutti/protocol';
import type { SyncHandler } from '../socket/verbs.ts';
import type { Clock } from '../system/clock.ts';
import type { Log } from '../system/log.ts';
import type { MachineEnvironment } from './machine-environment.ts';
import type { Tools } from './tools.ts';

export interface MemberContext {
  readonly clock: Clock;
  readonly bootId: string;
  readonly log: Log;
  readonly nodePath: string;
  readonly tools: Tools;
  readonly machine: MachineEnvironment;
  /** What runs the wrapper. */
  readonly shell: { readonly file: string; readonly args: readonly string[] };
  readonly runtimeDir: string;
  /** Where members' cgroups are made; undefined where they cannot be. */
  readonly cgroupRoot: string | undefined;
  readonly sync: SyncHandler;
  readonly onEnded: (member: string, end: MemberEnd) => void;
  /** From one rung of the stop ladder to the next. */
  readonly rungMs: number;
  /** How long relays may take once no process is left. */
  readonly drainMs: number;
}
