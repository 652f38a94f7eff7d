/** What there is at the prompt: the objects of the client package, by names, as people want to see them. */
import type { Machine, Node, NodeGroup, Tutti } from '@tutti/client/objects';
import type { NodeView } from '@tutti/protocol';
import { nodesTable } from '../nodes-table.ts';
import { HELP } from './help.ts';
import { liveObject, methodsOf } from './live-object.ts';
import { runObjects } from './run-objects.ts';
import { MACHINE_METHODS, type Screen } from './screen.ts';
import { shellHere } from './shell-here.ts';
import { shownAs } from './shown.ts';
import { suiteObjects } from './suite-objects.ts';

const NODE_METHODS = ['drain', 'maintain', 'quarantine', 'resume', 'label', 'power'] as const;
const NODES_OWN = ['find', 'get', 'has'] as const;

/** The variables of the prompt, and `watch` and `unwatch` beside them. */
export function worldOf(tutti: Tutti, screen: Screen): Record<string, unknown> {
  const { nodes } = tutti;
  const views = (chosen: readonly NodeView[]) =>
    chosen.length === 0 ? 'no machines' : nodesTable(chosen, Date.now());
  const names = () => nodes.names;

  const nodeObject = (node: Node) =>
    liveObject({
      path: `nodes.${node.name}`,
      members: {
        ...methodsOf(node as Machine, MACHINE_METHODS),
        ...methodsOf(node, NODE_METHODS),
        shell: shellHere(node, screen),
        name: node.name,
        get view() {
          return node.view;
        },
        get state() {
          return node.state;
        },
        get labels() {
          return node.labels;
        },
      },
      show: () => views([node.view]),
    });

  const groupObject = (path: string, group: NodeGroup<Node>) =>
    liveObject({
      path,
      members: {
        run: group.run.bind(group),
        put: group.put.bind(group),
        reboot: group.reboot.bind(group),
        each: (work: (node: unknown) => Promise<unknown>) => group.each((node) => work(nodeObject(node))),
        names: group.names,
        size: group.size,
      },
      show: () => views(group.nodes.map(({ view }) => view)),
      iterate: () => group.nodes.map(nodeObject)[Symbol.iterator](),
    });

  const where = (selector: string) =>
    groupObject(`where(${JSON.stringify(selector)})`, nodes.where(selector));

  const world: Record<string, unknown> = {
    nodes: liveObject({
      path: 'nodes',
      members: {
        list: () => {
          const chosen = nodes.list();
          return shownAs(chosen, views(chosen));
        },
        find: (glob: string) => groupObject(`nodes[${JSON.stringify(glob)}]`, nodes.find(glob)),
        get: (name: string) => nodeObject(nodes.get(name)),
        has: (name: string) => nodes.has(name),
        where,
        get names() {
          return nodes.names;
        },
        get size() {
          return nodes.size;
        },
      },
      names,
      words: Object.fromEntries(NODES_OWN.map((name) => [name, names])),
      child: (name) =>
        /[*?]/.test(name)
          ? groupObject(`nodes[${JSON.stringify(name)}]`, nodes.find(name))
          : nodeObject(nodes.get(name)),
      show: () => views(nodes.list()),
      iterate: () => [...nodes].map(nodeObject)[Symbol.iterator](),
    }),
    where,
    runs: runObjects(tutti.runs, screen),
    suites: suiteObjects(tutti.suites, tutti.runs, screen),
    help: shownAs(() => shownAs({}, HELP), HELP),
  };
  // The machines of the moment at which it is written.
  Object.defineProperty(world, 'all', { enumerable: true, get: () => groupObject('all', nodes.all) });
  return world;
}
