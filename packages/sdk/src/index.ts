/**
 * What a test's script uses: `import { barrier, set, get } from 'tutti'`. See docs/writing-tests.md.
 *
 * Every call can be awaited for as long as the test lives; it survives a restarted agent or master and takes effect
 * once. Calls fail with a `TuttiError` and nothing else. Nothing is printed, and nothing runs in the background.
 */
export { abort, type BarrierOptions, barrier, type Released } from './barrier.ts';
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
