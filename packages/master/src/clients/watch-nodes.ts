/** What changes of machines. Nobody tells which one it was, so all of them are looked at, when somebody wants to know. */
import type { Clock } from '@tutti/link';
import type { NodeView } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import type { Registry } from '../agents/registry.ts';
import type { Runs } from '../runs/runs.ts';
import { ChangesLog } from './changes-log.ts';
import { Watch } from './watch.ts';

/** As many as `nodes.list` gives at once. */
const PAGE = 24;
const MOST_GONE = 10_000;

export type NodeWatch = Watch<string, NodeView>;

/** All that its view is made of: each is replaced when it changes, never changed. */
interface Traits {
  readonly machine: Node['machine'];
  readonly identity: Node['identity'];
  readonly orders: Node['orders'];
  readonly session: Node['session'];
  readonly holder: Node['holder'];
  readonly state: Node['state'];
}

export function watchNodes(
  clock: Clock,
  registry: Pick<Registry, 'each' | 'get' | 'onChange'>,
  runs: Pick<Runs, 'onChange'>,
): NodeWatch {
  const log = new ChangesLog<string>(MOST_GONE);
  const known = new Map<string, Traits>();

  // Of thousands one has changed: those that have not must cost next to nothing.
  const look = () => {
    let there = 0;
    for (const node of registry.each()) {
      there += 1;
      const before = known.get(node.name);
      if (before !== undefined && isAs(node, before)) continue;
      const { machine, identity, orders, session, holder, state } = node;
      known.set(node.name, { machine, identity, orders, session, holder, state });
      log.touch(node.name);
    }
    if (there === known.size) return;
    for (const name of known.keys()) {
      if (registry.get(name) !== undefined) continue;
      known.delete(name);
      log.drop(name);
    }
  };

  const view = (name: string) => registry.get(name)?.view();
  const watch: NodeWatch = new Watch({ clock, log, page: PAGE, view, look });
  registry.onChange(() => watch.changed());
  // Whether a machine is reserved or running is its run's doing.
  runs.onChange(() => watch.changed());
  return watch;
}

function isAs(node: Node, before: Traits): boolean {
  return (
    node.machine === before.machine &&
    node.identity === before.identity &&
    node.orders === before.orders &&
    node.session === before.session &&
    node.holder === before.holder &&
    node.state === before.state
  );
}
