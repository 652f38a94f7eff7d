/**
 * Waits until a systemd unit is active. systemd tells subscribers on the system bus when a unit changes; what it is then is
 * asked of `systemctl`. Where the bus cannot be reached, it is looked for every second.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { TuttiError } from '@tutti/protocol';
import { SYSTEM_PATH } from '../members/machine-environment.ts';
import { type Timer, timer } from '../system/timer.ts';
import { onBusSignals } from './bus-signals.ts';

const run = promisify(execFile);

/** With the bus it is only the net. */
const NET_MS = 5000;
const LOOK_MS = 1000;

/** What of a machine matters here; a test has others. */
export interface Systemd {
  /** There where systemd runs the machine (sd_booted(3)). */
  readonly sign: string;
  readonly bus: string;
  readonly systemctl: string;
}

const SYSTEMD: Systemd = {
  sign: '/run/systemd/system',
  bus: '/run/dbus/system_bus_socket',
  systemctl: 'systemctl',
};

const MANAGER = {
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
  destination: 'org.freedesktop.systemd1',
} as const;

const MATCH =
  "type='signal',interface='org.freedesktop.DBus.Properties'," +
  "member='PropertiesChanged',arg0='org.freedesktop.systemd1.Unit'";

/** Throws `NO_SYSTEMD`, `BAD_PARAMS`, `WAIT_BROKEN` when it has failed; rejects with the reason of `signal` when it aborts. */
export async function untilActive(
  unit: string,
  node: string,
  signal: AbortSignal,
  systemd = SYSTEMD,
): Promise<void> {
  signal.throwIfAborted();
  if (!existsSync(systemd.sign))
    throw new TuttiError('NO_SYSTEMD', `${node} is not run by systemd, so it has no unit ${unit}`);
  // Others would be patterns, or options.
  if (!/^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*$/.test(unit))
    throw new TuttiError('BAD_PARAMS', `"${unit}" is no name of a unit`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const watch = new UnitWatch(systemd, async () => {
    const state = await stateOf(unit, systemd);
    if (ACTIVE.has(state.ActiveState ?? '')) resolve();
    else if (state.ActiveState === 'failed')
      reject(
        new TuttiError('WAIT_BROKEN', `unit ${unit} on ${node} has failed (${state.Result ?? 'no result'})`),
      );
  });
  watch.run().catch(reject);
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    await promise;
  } finally {
    watch.stop();
    signal.removeEventListener('abort', abort);
  }
}

const ACTIVE = new Set(['active', 'reloading', 'refreshing']);

/** Looks whenever something has happened: one look after the other, and one that waits is enough. */
class UnitWatch {
  readonly #systemd: Systemd;
  readonly #look: () => Promise<void>;
  readonly #over = Promise.withResolvers<void>();
  #wake = Promise.withResolvers<void>();
  #leave: (() => void) | undefined;
  #net: Timer | undefined;
  #stopped = false;

  constructor(systemd: Systemd, look: () => Promise<void>) {
    this.#systemd = systemd;
    this.#look = look;
  }

  /** Rejects when it cannot be looked at. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      this.#wake = Promise.withResolvers<void>();
      this.#listen();
      await this.#look();
      this.#net = timer(this.#leave === undefined ? LOOK_MS : NET_MS, () => this.#wake.resolve());
      await Promise.race([this.#wake.promise, this.#over.promise]);
      this.#net.clear();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#net?.clear();
    this.#leave?.();
    this.#over.resolve();
  }

  /** Again at each look where the bus has gone away. */
  #listen(): void {
    this.#leave ??= onBusSignals({
      socket: this.#systemd.bus,
      uid: process.getuid?.() ?? 0,
      calls: [{ ...MANAGER, member: 'Subscribe' }],
      match: MATCH,
      onWake: () => this.#wake.resolve(),
      onGone: () => {
        this.#leave = undefined;
        this.#net?.clear();
        this.#net = timer(LOOK_MS, () => this.#wake.resolve());
      },
    });
  }
}

/** Its properties, as `NAME=VALUE` lines say them. */
async function stateOf(unit: string, { systemctl }: Systemd): Promise<Record<string, string>> {
  const words = ['show', '--property=ActiveState,Result', '--', unit];
  const { stdout } = await run(systemctl, words, { env: { PATH: SYSTEM_PATH } });
  return Object.fromEntries(
    stdout.split('\n').flatMap((line) => {
      const cut = line.indexOf('=');
      return cut < 0 ? [] : [[line.slice(0, cut), line.slice(cut + 1)]];
    }),
  );
}
