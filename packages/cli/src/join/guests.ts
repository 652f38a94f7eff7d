/**
 * The agents of one `tutti join`, one for each member: private daemons below a temporary directory, as in a lab. They end with
 * this process, however that ends, and nothing of them stays (lab/held-process.ts, lab/sweep-script.ts).
 */
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { letGo, takeIntoCare } from '../lab/bring-up.ts';
import { gate } from '../lab/gate.ts';
import type { HeldProcess } from '../lab/held-process.ts';
import { LabProcesses } from '../lab/lab-processes.ts';
import { baseDirectory, daemonEnvironment, logFile } from '../lab/layout.ts';
import { Guest } from './guest.ts';

export interface GuestsOptions {
  readonly command: readonly string[];
  readonly session: string;
  readonly count: number;
  readonly argv: readonly string[];
  readonly master: string;
  readonly token: string;
  readonly address: string | undefined;
  /** One member reads what this process would read. */
  readonly stdin: boolean;
  readonly note: (line: string) => void;
}

export class Guests {
  readonly all: readonly Guest[];
  /** Rejects when an agent ends that should not have; never resolves. */
  readonly failed: Promise<never>;
  readonly #processes: LabProcesses;
  readonly #options: GuestsOptions;

  constructor(options: GuestsOptions) {
    this.#options = options;
    const env = daemonEnvironment(process.env);
    const base = baseDirectory(undefined, realpathSync(tmpdir()));
    const net = { kind: 'host', reason: '' } as const;
    this.#processes = new LabProcesses({
      sweeper: { base, net, env, patienceMs: 15_000 },
      stopMs: 10_000,
      what: 'tutti join',
      log: options.note,
    });
    this.failed = this.#processes.failed;
    this.all = Array.from({ length: options.count }, () => new Guest(newName(), newId()));
  }

  /** Resolves when all are connected to the master. Waits for ever where `failed` rejects. */
  async start(): Promise<void> {
    const { sweeper } = this.#processes;
    const root = await sweeper.line();
    this.#processes.root = root;
    sweeper.ready();
    const tokenFile = join(root, 'token');
    await writeFile(tokenFile, this.#options.token, { mode: 0o600 });
    await Promise.all(this.all.map((guest) => this.#start(guest, root, tokenFile)));
  }

  /** Ends everything and resolves when nothing is left; bounded. Never rejects. */
  stop(): Promise<void> {
    return this.#processes.stop();
  }

  async #start(guest: Guest, root: string, tokenFile: string): Promise<void> {
    const { session, master, address, argv, stdin, command } = this.#options;
    const state = join(root, guest.name);
    // Chosen here, so that the master can be told of it before it is there.
    await mkdir(state, { mode: 0o700 });
    await writeFile(join(state, 'agent.id'), `${guest.id}\n`, { mode: 0o600 });
    const flags = [
      ...['--state', state, '--master', master, '--token-file', tokenFile],
      ...['--name', guest.name, '--session', session],
      ...(address === undefined ? [] : ['--address', address]),
      ...(stdin ? ['--stdin'] : []),
    ];
    const held: HeldProcess = this.#processes.start({
      what: `the agent ${guest.name}`,
      argv: [...gate(guest.name), ...command, 'join-agent', ...flags, '--', ...argv],
      env: daemonEnvironment(process.env),
      log: logFile(root, guest.name),
      ...(stdin ? { inherit: [0] } : {}),
    });
    await takeIntoCare(this.#processes.sweeper, held, false);
    await letGo(held, { goOnReading: true });
    guest.listen(held);
  }
}

function newId(): string {
  return randomBytes(16).toString('hex');
}

/** A name that no machine has. */
function newName(): string {
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 100);
  if (!/^[A-Za-z0-9]/.test(host)) return `host-join-${randomBytes(4).toString('hex')}`;
  return `${host}-join-${randomBytes(4).toString('hex')}`;
}

/** Never resolves: for races that something else decides. */
export function rejectOn(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const abort = () => reject(TuttiError.from(signal.reason));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return promise;
}
