/**
 * Machines on one switch, each behind a wire that can be cut, slowed, or made deaf in one direction.
 *
 *   switch's namespace            machine's namespace
 *     br0 ── v1 ═══════ veth ═══════ eth0  127.77.0.1/24
 *
 * The addresses are loopback ones, on a wire all the same: a master without TLS listens on no others. Nothing appears in
 * the namespace of the machine that runs this.
 */
import type { Namespace } from './namespace.ts';
import { shell } from './shell.ts';

/** Somebody whom nobody is: what is sent there is lost without a word. */
const NOBODY = '02:00:00:00:77:77';

export class Network {
  readonly #hub: Namespace;
  #wires = 0;

  static async open(hub: Namespace): Promise<Network> {
    await run(hub, 'ip', 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0');
    await run(hub, 'ip', 'link', 'set', 'br0', 'up');
    return new Network(hub);
  }

  private constructor(hub: Namespace) {
    this.#hub = hub;
  }

  async connect(machine: Namespace): Promise<Wire> {
    this.#wires += 1;
    const port = `v${this.#wires}`;
    const address = `127.77.0.${this.#wires}`;
    const pair = ['link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(machine.pid)];
    await run(this.#hub, 'ip', ...pair);
    await run(this.#hub, 'ip', 'link', 'set', port, 'master', 'br0', 'up');
    await run(machine, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet');
    await run(machine, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await run(machine, 'ip', 'link', 'set', 'eth0', 'up');
    return new Wire(this.#hub, machine, port, address);
  }
}

export class Wire {
  readonly address: string;
  readonly #hub: Namespace;
  readonly #machine: Namespace;
  readonly #port: string;

  constructor(hub: Namespace, machine: Namespace, port: string, address: string) {
    this.#hub = hub;
    this.#machine = machine;
    this.#port = port;
    this.address = address;
  }

  /** What is sent is lost, in both directions; nobody is told. */
  async cut(): Promise<void> {
    await run(this.#hub, 'ip', 'link', 'set', this.#port, 'down');
  }

  async mend(): Promise<void> {
    await run(this.#hub, 'ip', 'link', 'set', this.#port, 'up');
  }

  /** What this machine sends there is lost; what comes from there arrives. */
  async loseTo(other: Wire): Promise<void> {
    const nobody = ['lladdr', NOBODY, 'dev', 'eth0', 'nud', 'permanent'];
    await run(this.#machine, 'ip', 'neigh', 'replace', other.address, ...nobody);
  }

  async findAgain(other: Wire): Promise<void> {
    await run(this.#machine, 'ip', 'neigh', 'del', other.address, 'dev', 'eth0');
  }

  /** In both directions, in bytes per second; queued for at most a second. */
  async slow(bytes: number): Promise<void> {
    const filter = ['root', 'tbf', 'rate', `${bytes * 8}bit`, 'burst', '4kb', 'latency', '1s'];
    await run(this.#hub, 'tc', 'qdisc', 'replace', 'dev', this.#port, ...filter);
    await run(this.#machine, 'tc', 'qdisc', 'replace', 'dev', 'eth0', ...filter);
  }

  async quicken(): Promise<void> {
    await run(this.#hub, 'tc', 'qdisc', 'del', 'dev', this.#port, 'root');
    await run(this.#machine, 'tc', 'qdisc', 'del', 'dev', 'eth0', 'root');
  }

  /** The machine answers at a further address, or no longer. */
  async alias(what: 'add' | 'del', address: string): Promise<void> {
    await run(this.#machine, 'ip', 'addr', what, `${address}/24`, 'dev', 'eth0');
  }
}

async function run(where: Namespace, ...argv: readonly string[]): Promise<void> {
  const [program = '', ...args] = [...where.enter, ...argv];
  await shell(program, ...args);
}
