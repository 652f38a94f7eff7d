/**
 * `tutti join`: from the command line to the exit status.
 *
 *   connect ─▶ agents start ┬▶ all have joined ─▶ run ─▶ its end ─▶ agents end
 *              place asked ─┘
 *
 * Whatever happens on the way, the agents and all that they started are gone before this resolves.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { joinSession, locateMaster, locateToken, MasterClient, watchRun } from '@tutti/client';
import { EXIT, type RunView, TuttiError } from '@tutti/protocol';
import type { JoinFlags } from '../commands/join.ts';
import { note } from '../connect.ts';
import { selfCommand } from '../installation.ts';
import { type Interrupt, onInterrupt } from '../run/interrupt.ts';
import { describeEnd } from '../run/wait.ts';
import { showError } from '../show-error.ts';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import { Guests, rejectOn } from './guests.ts';
import { type JoinOrder, joinOrder } from './order.ts';
import { interference, worstStatus } from './outcome.ts';
import { Screen } from './screen.ts';

/** So long the master may take to hear how a command ended that Ctrl-C has ended. */
const LEAVE_MS = 10_000;

/** Longer than the stop ladder takes. */
const STOP_MS = 20_000;

export async function join(session: string, argv: readonly string[], flags: JoinFlags): Promise<number> {
  const order = joinOrder(session, flags);
  requireProgram(argv[0] ?? '');
  const address = locateMaster(flags.master, surroundings());
  const interrupt = onInterrupt((signal) =>
    note(`${signal}: leaving the session; once more to leave at once`),
  );
  try {
    const token = () => locateToken(flags.tokenFile, surroundings());
    const client = await MasterClient.connect({
      ...{ address, token, software: SOFTWARE },
      onLost: ({ message }) =>
        note(`the connection to the master at ${address} is lost: ${message}; trying again for 1 h`),
      onBack: (ms) => note(`the master at ${address} is back after ${(ms / 1000).toFixed(1)} s`),
    });
    const guests = new Guests({
      ...{ command: selfCommand, session, count: order.count, argv, note },
      ...{ master: address, token: token() ?? '', address: flags.address },
      // A test that waits for a keyboard waits for ever.
      stdin: order.count === 1 && !isatty(0),
    });
    try {
      return await new Joining(client, guests, order, interrupt).carryOut();
    } finally {
      client.close();
      await guests.stop();
    }
  } catch (error) {
    const { code } = TuttiError.from(error);
    if (interrupt.signal.aborted && code === 'CANCELLED') return EXIT.interrupted;
    if (code !== 'TIMED_OUT') throw error;
    showError(error, process.stderr);
    return EXIT.timedOut;
  } finally {
    interrupt.stop();
  }
}

class Joining {
  readonly #client: MasterClient;
  readonly #guests: Guests;
  readonly #order: JoinOrder;
  readonly #interrupt: Interrupt;
  readonly #screen: Screen;

  constructor(client: MasterClient, guests: Guests, order: JoinOrder, interrupt: Interrupt) {
    this.#client = client;
    this.#guests = guests;
    this.#order = order;
    this.#interrupt = interrupt;
    this.#screen = new Screen(guests.all);
  }

  async carryOut(): Promise<number> {
    const { failed } = this.#guests;
    const connected = this.#guests.start();
    // Where that fails, so does what waits for it.
    connected.catch(() => {});
    const joined = joinSession(this.#client, {
      ...this.#order,
      agents: this.#guests.all.map(({ id }) => id),
      onWaiting: (whom) => note(`session ${this.#order.session} waits for ${whom}`),
      signal: this.#interrupt.signal,
    });
    const { run, members } = await Promise.race([joined, failed, connected.then(() => joined)]);
    note(`session ${this.#order.session} is complete: run ${run}, here ${members.join(', ')}`);
    this.#screen.begin(members);
    const watching = new AbortController();
    try {
      const view = await Promise.race([
        watchRun(this.#client, run, undefined, watching.signal),
        ...[failed, rejectOn(this.#interrupt.signal)],
      ]);
      return await this.#conclude(view, members);
    } catch (error) {
      if (!this.#interrupt.signal.aborted) throw error;
      await this.#leave(run, members);
      return EXIT.interrupted;
    } finally {
      watching.abort();
      // Also where its agent has failed: nothing may keep this process alive.
      await this.#screen.end();
    }
  }

  /** The run has ended, and with it what ran here; should something still run, it is what the master had given up. */
  async #conclude(view: RunView, members: readonly string[]): Promise<number> {
    const { all, failed } = this.#guests;
    const stopped = Promise.all(all.map((guest) => guest.stop())).then(() => true);
    if (!(await Promise.race([stopped, failed, delay(STOP_MS, false, { ref: false })])))
      note('an agent of this piece does not answer: what still runs here is killed');
    await this.#screen.end();
    this.#tell(members);
    note(describeEnd(view));
    note(`tutti report ${view.run} shows its report, tutti logs ${view.run} what all pieces wrote`);
    const ends = all.flatMap(({ end }) => end ?? []);
    const status = worstStatus(ends);
    // Of a command that has not run, or has not come to an end, there is only the run's own end.
    return ends.length === all.length ? status : Math.max(status, view.exit || EXIT.error);
  }

  /** Ends what runs here, and gives the master the time to hear of it. */
  async #leave(run: number, members: readonly string[]): Promise<void> {
    const { all } = this.#guests;
    const running = all.filter(({ started }) => started);
    const told = (async () => {
      await Promise.all(running.map((guest) => guest.stop()));
      await Promise.all(running.map((guest) => guest.shipped));
    })();
    const enough = AbortSignal.timeout(LEAVE_MS);
    await Promise.race([told, rejectOn(enough)]).catch(() =>
      note('the master does not hear how it ended: it will miss this piece'),
    );
    await this.#screen.end();
    this.#tell(members);
    note(`run ${run} is left to the others; tutti report ${run} shows its report`);
  }

  /** What became of a command otherwise than by itself. */
  #tell(members: readonly string[]): void {
    for (const [index, { end, started }] of this.#guests.all.entries()) {
      const member = members[index] ?? '';
      if (end === undefined) note(`${member} ${started ? 'has not ended: it is killed' : 'has not run'}`);
      const what = end && interference(end);
      if (what !== undefined) note(`${member} ${what}`);
    }
  }
}

/** Throws `SCRIPT_MISSING`: what is found out now does not cost the others their test. */
function requireProgram(name: string): void {
  const path = process.env['PATH'] ?? '';
  const places = name.includes('/')
    ? [resolve(name)]
    : path.split(delimiter).map((dir) => resolve(dir, name));
  if (places.some(isProgram)) return;
  const why = name.includes('/') ? 'is not there, or may not be executed' : 'is not on the PATH';
  throw new TuttiError('SCRIPT_MISSING', `the command ${name} ${why}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
