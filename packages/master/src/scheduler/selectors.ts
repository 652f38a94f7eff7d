/**
 * What scheduling passes have in common: compiled selectors, what they said of each machine, needs in one form, nodes in
 * order. A cache only: a pass with a new one comes to the same result.
 *
 * Machines and needs are known by identity: they must not change, and are forgotten with their owners. Selectors
 * are forgotten when there are many of them.
 */
import { compileSelector, type Machine } from '@tutti/protocol/selector';
import { byName, type Need, type PoolNode } from './pool.ts';

const REMEMBERED = 10_000;

interface Canonical {
  readonly key: string;
  /** By role, then by selector. */
  readonly needs: readonly Need[];
}

interface Compiled {
  readonly index: number;
  readonly matches: (machine: Machine) => boolean;
}

type Answers = (boolean | undefined)[];

const NOBODY = { machines: [], answers: [] };

export class Selectors {
  #compiled = new Map<string, Compiled>();
  /** For each machine what the selectors say of it, by their index. */
  #answers = new WeakMap<Machine, Answers>();
  /** Of the pass that is under way. */
  #asked: { machines: readonly Machine[]; answers: readonly Answers[] } = NOBODY;
  readonly #canonical = new WeakMap<readonly Need[], Canonical>();
  /** Of the last pass: nodes that have come or gone are few. */
  #places = new Map<Machine, number>();

  /** For each machine 1 if it is wanted. Throws an Error for a selector that is none. */
  fits(where: string | undefined, machines: readonly Machine[]): Uint8Array {
    if (where === undefined) return new Uint8Array(machines.length).fill(1);
    const { index, matches } = this.#compile(where);
    const known = this.#answersOf(machines);
    const fits = new Uint8Array(machines.length);
    for (const [number, machine] of machines.entries()) {
      const answers = known[number] ?? [];
      const answer = answers[index] ?? matches(machine);
      answers[index] = answer;
      if (answer) fits[number] = 1;
    }
    return fits;
  }

  canonical(needs: readonly Need[]): Canonical {
    const known = this.#canonical.get(needs);
    if (known !== undefined) return known;
    const sorted = needs.toSorted(
      (a, b) => compare(a.role, b.role) || compare(a.where ?? '', b.where ?? '') || a.count - b.count,
    );
    const key = JSON.stringify(
      sorted.map(({ role, where, prefer, count }) => [role, where ?? null, count, prefer ?? null]),
    );
    const canonical = { key, needs: sorted };
    this.#canonical.set(needs, canonical);
    return canonical;
  }

  /** The nodes in order of preference, whatever order they come in. */
  inOrder(nodes: readonly PoolNode[]): PoolNode[] {
    const place = ({ machine }: PoolNode) => this.#places.get(machine) ?? -1;
    if (nodes.length === this.#places.size && nodes.every((node) => place(node) >= 0)) {
      return nodes.toSorted((a, b) => place(a) - place(b));
    }
    const sorted = nodes
      .map((node) => ({ node, labels: Object.keys(node.machine.labels).length }))
      .toSorted(
        (a, b) =>
          a.labels - b.labels ||
          byName.compare(a.node.machine.name, b.node.machine.name) ||
          compare(a.node.machine.name, b.node.machine.name),
      )
      .map(({ node }) => node);
    this.#places = new Map(sorted.map(({ machine }, index) => [machine, index]));
    return sorted;
  }

  #compile(where: string): Compiled {
    const known = this.#compiled.get(where);
    if (known !== undefined) return known;
    if (this.#compiled.size >= REMEMBERED) {
      this.#compiled = new Map();
      this.#answers = new WeakMap();
      this.#asked = NOBODY;
    }
    const compiled = { index: this.#compiled.size, matches: compileSelector(where) };
    this.#compiled.set(where, compiled);
    return compiled;
  }

  #answersOf(machines: readonly Machine[]): readonly Answers[] {
    if (this.#asked.machines === machines) return this.#asked.answers;
    const answers = machines.map((machine) => {
      const known = this.#answers.get(machine) ?? [];
      this.#answers.set(machine, known);
      return known;
    });
    this.#asked = { machines, answers };
    return answers;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
