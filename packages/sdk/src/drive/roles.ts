/** The machines of a test, by the role that they have in it. */
import { readFileSync } from 'node:fs';
import { fromEnvironment } from '../environment.ts';
import { TuttiError } from '../errors.ts';
import { closest } from '../shell/closest.ts';
import type { TopologyMember } from '../topology.ts';
import { type EachFailure, eachFailed } from './each.ts';
import { type Node, nodeOf } from './node.ts';

/**
 * The machines of a role, in order. Of a role with one member it is also that machine itself: `roles.client.run(…)`; of one with
 * several that is an error which says so.
 */
export interface Role extends ReadonlyArray<Node>, Node {
  /** Does it on all of them at once, waits for all, and returns what they gave, in order. @throws AggregateError, who failed and how */
  each<T>(work: (node: Node) => Promise<T> | T): Promise<T[]>;
}

export type Roles<R extends string = string> = { readonly [role in R]: Role };

interface Known {
  readonly roles: ReadonlyMap<string, Role>;
  readonly nodes: ReadonlyMap<string, Node>;
}

/** Read when first asked for: to import the SDK must work anywhere. */
let known: Known | undefined;

function cast(): Known {
  if (known !== undefined) return known;
  const text = readFileSync(fromEnvironment('TUTTI_TOPOLOGY'), 'utf8');
  const { members } = JSON.parse(text) as { members: TopologyMember[] };
  const nodes = members.toSorted((a, b) => a.index - b.index).map(nodeOf);
  const byRole = Map.groupBy(nodes, ({ role }) => role);
  known = {
    roles: new Map([...byRole].map(([role, list]) => [role, roleOf(role, list)])),
    nodes: new Map(nodes.map((one) => [one.member, one])),
  };
  return known;
}

/**
 * By name: `roles.db[0]`, `for (const node of roles.db)`. Also those of roles that have scripts of their own.
 *
 * @throws TuttiError NO_SUCH_MEMBER for a role that the test does not have
 */
export const roles: Roles = new Proxy(
  {},
  {
    get: (_, name) => (typeof name === 'string' && !NOT_NAMES.has(name) ? roleNamed(name) : undefined),
    has: (_, name) => typeof name === 'string' && cast().roles.has(name),
    ownKeys: () => [...cast().roles.keys()],
    getOwnPropertyDescriptor: (_, name) => {
      const value = typeof name === 'string' ? cast().roles.get(name) : undefined;
      return value && { value, enumerable: true, configurable: true };
    },
  },
);

/** What the language itself asks any object for. */
const NOT_NAMES = new Set(['then', 'toJSON', 'constructor', 'toString', 'valueOf']);

/** @throws TuttiError NO_SUCH_MEMBER */
function roleNamed(name: string): Role {
  const role = cast().roles.get(name);
  if (role !== undefined) return role;
  throw nobody(`no role "${name}"`, name, [...cast().roles.keys()]);
}

/**
 * One machine: `db.0`, or `client` where the role has one member.
 *
 * @throws TuttiError NO_SUCH_MEMBER
 */
export function node(member: string): Node {
  const found = cast().nodes.get(member);
  if (found !== undefined) return found;
  const role = cast().roles.get(member);
  if (role !== undefined) return theOnly(member, role);
  throw nobody(`no member "${member}"`, member, [...cast().nodes.keys()]);
}

function nobody(what: string, name: string, names: string[]): TuttiError {
  const near = closest(name, names);
  const hint = near === undefined ? `there is ${names.join(', ')}` : `did you mean "${near}"?`;
  return new TuttiError('NO_SUCH_MEMBER', `the test has ${what}; ${hint}`);
}

function roleOf(name: string, nodes: Node[]): Role {
  const role: Node[] = [...nodes];
  const own = { value: (work: (node: Node) => unknown) => each(name, nodes, work) };
  Object.defineProperty(role, 'each', own);
  for (const property of Object.keys(nodes[0] ?? {}) as (keyof Node)[]) {
    const get = (): unknown => theOnly(name, nodes)[property];
    Object.defineProperty(role, property, { get });
  }
  return Object.freeze(role) as unknown as Role;
}

function theOnly(role: string, nodes: readonly Node[]): Node {
  const [first] = nodes;
  if (first !== undefined && nodes.length === 1) return first;
  throw new TuttiError(
    'NO_SUCH_MEMBER',
    `role "${role}" has ${nodes.length} members: say which, as roles.${role}[0], or roles.${role}.each(…)`,
  );
}

async function each<T>(role: string, nodes: Node[], work: (node: Node) => Promise<T> | T): Promise<T[]> {
  const done = await Promise.allSettled(nodes.map(async (one) => work(one)));
  const failures: EachFailure[] = [];
  for (const [index, outcome] of done.entries()) {
    const member = nodes[index]?.member ?? role;
    if (outcome.status === 'rejected') failures.push({ member, error: outcome.reason });
  }
  if (failures.length > 0) throw eachFailed(role, nodes.length, failures);
  return done.map((outcome) => (outcome as PromiseFulfilledResult<T>).value);
}
