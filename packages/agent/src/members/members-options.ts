/** What the members of an agent are given, and what each of them gets of it. */
import type { MemberEnd } from '@tutti/protocol';
import { openRuntimeDir } from '../socket/runtime-dir.ts';
import type { SyncHandler } from '../socket/verbs.ts';
import { cgroupRoot } from '../system/cgroup.ts';
import type { Clock } from '../system/clock.ts';
import type { Log } from '../system/log.ts';
import type { MasterRequests, MemberContext } from './context.ts';
import { type MachineEnvironment, machineEnvironment } from './machine-environment.ts';
import type { OwnCommand } from './own-command.ts';
import { reboot } from './reboot-command.ts';
import { makeTools } from './tools.ts';
import type { Blobs } from './work-tree.ts';

export interface MembersOptions {
  readonly stateDir: string;
  /** The agent's id: names its cgroup. */
  readonly agent: string;
  /** Where local sockets live; default /run/tutti, else a private temporary directory. */
  readonly runtimeDir?: string | undefined;
  readonly nodePath: string;
  /** Holds index.js, package.json, shim.js, driver.js and python/tutti. */
  readonly sdkDir: string;
  readonly cache: Blobs;
  readonly clock: Clock;
  readonly bootId: string;
  readonly log: Log;
  /** What members run, where it is not their scripts. */
  readonly own?: OwnCommand | undefined;
  readonly sync: SyncHandler;
  /** Once for each member that ends while this process runs; for earlier ones see `presence` and `end`. */
  readonly onEnded: (member: string, end: MemberEnd) => void;
  readonly machine?: MachineEnvironment | undefined;
  readonly requests: MasterRequests;
  /** Each is a line of shell, tried one after the other; none: machines of this agent are not rebooted. */
  readonly rebootCommands: readonly string[];
  /** Members are stopped, and no more are made, when it says so. */
  readonly diskFull?: (() => boolean) | undefined;
  /** false: processes are known by going through /proc even where cgroups could be had. */
  readonly cgroups?: boolean | undefined;
  /** Seconds. */
  readonly rung?: number | undefined;
  readonly drain?: number | undefined;
  /** Bytes of output a member may write. */
  readonly outputLimit?: number | undefined;
  readonly shell?: MemberContext['shell'] | undefined;
}

export async function openContext(
  { stateDir, nodePath, sdkDir, ...options }: MembersOptions,
  members: Pick<MemberContext, 'allowReboot' | 'onEnded'>,
): Promise<MemberContext> {
  return {
    clock: options.clock,
    bootId: options.bootId,
    log: options.log,
    nodePath,
    tools: await makeTools(stateDir, nodePath, sdkDir),
    machine: options.machine ?? machineEnvironment(),
    shell: options.shell ?? { file: '/bin/sh', args: [] },
    runtimeDir: await openRuntimeDir(stateDir, options.runtimeDir),
    cgroupRoot: options.cgroups === false ? undefined : await cgroupRoot(options.agent),
    own: options.own,
    sync: options.sync,
    requests: options.requests,
    now: () => ({ boot: options.bootId, at: options.clock.monotonicMs() }),
    ...members,
    reboot: () => reboot(options.rebootCommands, stateDir),
    diskFull: options.diskFull ?? (() => false),
    rungMs: (options.rung ?? 5) * 1000,
    drainMs: (options.drain ?? 5) * 1000,
  };
}
