/** The power of machines as operators change it: once for each request, one action at a time for each machine. */
import type { Logger } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import type { Registry } from '../agents/registry.ts';
import type { CarryOut } from './machine-care.ts';
import { type MachineRules, type PowerAction, powerCommands } from './machine-rules.ts';

/** Requests whose outcome is still known when they are repeated. */
const REMEMBERED = 100;

export interface PowerOrder {
  readonly request: string;
  readonly node: string;
  readonly action: PowerAction;
  /** Also when it is in use. */
  readonly force: boolean;
}

export class OperatorsPower {
  readonly #deps: { registry: Registry; rules: () => MachineRules; carryOut: CarryOut; log: Logger };
  readonly #requests = new Map<string, Promise<string>>();
  readonly #closing = new AbortController();
  /** Machines whose power is being changed. */
  readonly #busy = new Set<string>();

  constructor(deps: { registry: Registry; rules: () => MachineRules; carryOut: CarryOut; log: Logger }) {
    this.#deps = deps;
  }

  /** The end of what the command wrote. Throws `NO_SUCH_NODE`, `NODE_HELD`, `NO_POWER`, `COMMAND_FAILED`. */
  change(order: PowerOrder): Promise<string> {
    const known = this.#requests.get(order.request);
    if (known !== undefined) return known;
    const changed = this.#change(order);
    this.#requests.set(order.request, changed);
    for (const oldest of this.#requests.keys()) {
      if (this.#requests.size <= REMEMBERED) break;
      this.#requests.delete(oldest);
    }
    return changed;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#requests.values());
  }

  async #change({ node: name, action, force }: PowerOrder): Promise<string> {
    const { registry, rules, carryOut, log } = this.#deps;
    const node = registry.require(name);
    const commands = powerCommands(rules().of(node.machine), action);
    if (commands === undefined) {
      throw new TuttiError('NO_POWER', `nodes.yaml has no command "power: ${action}" for ${name}`);
    }
    if (this.#busy.has(name)) {
      throw new TuttiError('NODE_HELD', `the power of ${name} is being changed at this moment`);
    }
    const { holder, orders } = node;
    if (!force && (holder !== undefined || orders.care !== undefined)) {
      const by = holder ?? orders.care?.run;
      throw new TuttiError(
        'NODE_HELD',
        by === undefined ? `the master is at something with ${name}` : `run ${by} has ${name}`,
      );
    }
    log.info({ node: name, action }, `the power of ${name} is changed by an operator: ${action}`);
    this.#busy.add(name);
    try {
      let output = '';
      for (const command of commands) {
        const { ok, why, tail } = await carryOut(
          command,
          { node, action, run: undefined },
          this.#closing.signal,
        );
        output += tail;
        if (!ok) throw new TuttiError('COMMAND_FAILED', `the command "power: ${action}" of ${name} ${why}`);
      }
      return output;
    } finally {
      this.#busy.delete(name);
    }
  }
}
