/**
 * What a test's script uses: `import { barrier, set, get } from 'tutti'`. See docs/writing-tests.md.
 *
 * Every call can be awaited for as long as the test lives; it survives a restarted agent or master and takes effect
 * once. Calls fail with a `TuttiError` and nothing else. Nothing is printed, and nothing runs in the background; but for `test`, with
 * which a driver tells its story (docs/drivers.md): that tells what failed, and ends the process.
 */
export { abort, type BarrierOptions, barrier, type Released } from './barrier.ts';
export { type AlwaysOptions, always, InvariantBroken, type Watch } from './drive/always.ts';
export { type RunOptions, type StartOptions } from './drive/command.ts';
export { type Command, CommandFailed, type CommandResult, type Truncated } from './drive/command-end.ts';
export type { Context } from './drive/context.ts';
export { expect } from './drive/expect/lazy.ts';
export type { Assertion, Expect, Matcher } from './drive/expect/types.ts';
export type { Content, PutOptions, Transferred } from './drive/files.ts';
export type { Condition } from './drive/holds.ts';
export type { Node, NodeFacts, Rebooted } from './drive/node.ts';
export type { Process, SignalName } from './drive/process.ts';
export { node, type Role, type Roles, roles } from './drive/roles.ts';
export { skip } from './drive/skip.ts';
export { step } from './drive/step.ts';
export type { ShellOptions, Terminal, TerminalExit } from './drive/terminal.ts';
export { test } from './drive/test.ts';
export { type UntilOptions, until } from './drive/until.ts';
export type { WaitOptions } from './drive/wait.ts';
export type { PortOptions } from './drive/waits.ts';
export type { Duration } from './duration.ts';
export { TuttiError } from './errors.ts';
export { extend } from './extend.ts';
export type { Json } from './json.ts';
export { type GetOptions, get, incr, keys, set } from './keys.ts';
export { type LockOptions, lock, unlock } from './locks.ts';
export { type Me, me } from './me.ts';
export { type RebootOptions, reboot } from './reboot.ts';
export { mark, type ResultOptions, result, type SubtestStatus } from './report.ts';
export type { Scope } from './scope.ts';
export { type Message, type ReadOptions, type RecvOptions, recv, send, take } from './topics.ts';
export { addr, type Topology, type TopologyMember, topology } from './topology.ts';
