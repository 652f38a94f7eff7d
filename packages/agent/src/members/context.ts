/** What every member of one agent shares. */
import type { MemberEnd, NodeVerb, RebootPlan } from '@tutti/protocol';
import type { SyncHandler } from '../socket/verbs.ts';
import type { Instant } from '../system/checkpoint.ts';
import type { Clock } from '../system/clock.ts';
import type { Log } from '../system/log.ts';
import type { MachineEnvironment } from './machine-environment.ts';
import type { OwnCommand } from './own-command.ts';
import type { Tools } from './tools.ts';

/** What a driver asks for, with the arguments that `driveArgs` has for it. */
export interface DriveRequest {
  /** Who asks. */
  readonly member: string;
  readonly request: string;
  /** Whose machine: a member's name. */
  readonly on: string;
  readonly do: NodeVerb;
  readonly args: unknown;
}

/** What a member asks its master for, besides the sync verbs. Each rejects soon after its signal aborts. */
export interface MasterRequests {
  /** Resolves when the master knows; an agent that cannot reach it in time tells it by its next hello. */
  rebooting(member: string, incarnation: number, plan: RebootPlan, signal: AbortSignal): Promise<void>;
  /** `other`: a member's name. */
  rebootOther(
    member: string,
    request: string,
    other: string,
    timeout: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** Resolves with the seconds that the test has left. */
  extend(member: string, request: string, seconds: number, signal: AbortSignal): Promise<number>;
  /** Resolves with what the script gets. */
  drive(request: DriveRequest, signal: AbortSignal): Promise<unknown>;
}

export interface MemberContext {
  readonly clock: Clock;
  readonly bootId: string;
  readonly now: () => Instant;
  readonly log: Log;
  readonly nodePath: string;
  readonly tools: Tools;
  readonly machine: MachineEnvironment;
  /** What runs the wrapper. */
  readonly shell: { readonly file: string; readonly args: readonly string[] };
  readonly runtimeDir: string;
  /** Where members' cgroups are made; undefined where they cannot be. */
  readonly cgroupRoot: string | undefined;
  /** What members run, where it is not their scripts. */
  readonly own?: OwnCommand | undefined;
  readonly sync: SyncHandler;
  readonly requests: MasterRequests;
  /** Throws `CANNOT_REBOOT` when this machine may not be rebooted by this member now. */
  readonly allowReboot: (member: string, byScript: boolean) => void;
  /** Brings the machine down; throws `CANNOT_REBOOT`. */
  readonly reboot: () => Promise<void>;
  /** The disk of the state directory is so full that members are stopped. */
  readonly diskFull: () => boolean;
  readonly onEnded: (member: string, end: MemberEnd) => void;
  /** From one rung of the stop ladder to the next. */
  readonly rungMs: number;
  /** How long relays may take once no process is left. */
  readonly drainMs: number;
}
