/**
 * The pause of one attempt, carried out: see pause.ts for what time is meanwhile.
 *
 * Guarantees: it is durable before anybody hears of it, and ends exactly once: by a decision, by its own time, or with the
 * attempt; who times something elsewhere (agents, the sync space) is told of both; an earlier master's pause goes on with what
 * is left of it; what was frozen goes on when it ends, as soon as its agent can be told.
 */
import type { Clock, Logger } from '@tutti/link';
import { type StopReason, TuttiError } from '@tutti/protocol';
import type { AttemptCommands } from '../commands/attempt-commands.ts';
import { memberNamed } from '../commands/targets.ts';
import type { StandsStill } from '../commands/wait.ts';
import type { SyncBroker } from '../sync/broker.ts';
import type { KeepAttempt } from './attempt-deps.ts';
import type { MemberUnderWay } from './live-member.ts';
import type { AttemptRun, Trouble } from './model.ts';
import {
  type Decision,
  endInWords,
  isPaused,
  type Pause,
  type PauseEnd,
  restOf,
  secondsLeft,
  stoodStill,
} from './pause.ts';
import type { TestTime } from './test-time.ts';

export interface PausingDeps {
  readonly attempt: AttemptRun;
  readonly test: string;
  /** For how many seconds it pauses at its first failure; undefined: not at all. */
  readonly seconds: () => number | undefined;
  readonly members: () => readonly MemberUnderWay[];
  readonly commands: AttemptCommands;
  readonly time: TestTime;
  readonly broker: Pick<SyncBroker, 'standStill'>;
  readonly clock: Clock;
  readonly keep: KeepAttempt['attempt'];
  /** Something that people watch has changed, and the time of the whole run with it. */
  readonly changed: (what?: 'pause') => void;
  readonly log: Logger;
  /** It has ended, unless with the attempt: what had to wait for that may happen. */
  readonly onOver: (pause: Pause) => void;
}

/** Who decides, and by which request. */
export interface Decided {
  readonly how: Decision;
  readonly by: string | undefined;
  readonly request: string;
}

/** So long a member may take to be frozen: an agent that is away is not waited for longer. */
const FREEZE_MS = 30_000;

export class Pausing implements StandsStill {
  readonly #deps: PausingDeps;
  readonly #over = Promise.withResolvers<void>();
  #cancelDeadline: (() => void) | undefined;

  constructor(deps: PausingDeps) {
    this.#deps = deps;
  }

  /** Resolves when the pause that lasts is over; undefined: none does. */
  get over(): Promise<void> | undefined {
    return this.lasts ? this.#over.promise : undefined;
  }

  /** For how many ms time has stood still since then, monotonic. */
  for(since: number): number {
    const { attempt, clock } = this.#deps;
    const now = clock.wallMs();
    return stoodStill(attempt.pause, now - clock.monotonicMs() + since, now);
  }

  /** It lasts. */
  get lasts(): boolean {
    return isPaused(this.#deps.attempt.pause);
  }

  /** For how many seconds it lasts from now on, if nobody decides. */
  get rest(): number {
    return restOf(this.#deps.attempt.pause, this.#deps.clock.wallMs()) / 1000;
  }

  /** At a failure; `trouble`: what ends the attempt, where that is no member's end. False: there is no pause for it. */
  begin(cause: string, trouble?: { trouble: Trouble; reason: StopReason }): boolean {
    const { attempt, clock, keep, log } = this.#deps;
    if (this.lasts) return true;
    const seconds = this.#deps.seconds();
    if (seconds === undefined || attempt.pause !== undefined) return false;
    const since = clock.wallMs();
    const until = since + seconds * 1000;
    attempt.pause = { cause, since, until, frozen: [], ...(trouble && { trouble }) };
    log.info({ test: this.#deps.test }, `${this.#deps.test} is paused: ${cause}`);
    this.#deps.broker.standStill(attempt.id, this.#standstill(attempt.pause));
    void keep('paused');
    this.#arm(attempt.pause);
    this.#deps.changed('pause');
    return true;
  }

  /** What an earlier master had begun: its sync space, opened anew, knows of it. */
  goOn(): void {
    const { pause } = this.#deps.attempt;
    if (pause === undefined) return;
    if (isPaused(pause)) this.#arm(pause);
    else {
      this.tellTime();
      this.#thaw(pause);
    }
  }

  /** For a sync space that is opened during the pause, or after it. */
  get standstill(): { since: number; until: number } | undefined {
    const { pause } = this.#deps.attempt;
    return pause && this.#standstill(pause);
  }

  /** The first decision stands; resolves when it is durable. Throws `NOT_PAUSED`. */
  async decide({ how, by, request }: Decided): Promise<void> {
    const { pause } = this.#deps.attempt;
    if (pause === undefined || pause.request !== request) {
      if (!isPaused(pause))
        throw new TuttiError(
          'NOT_PAUSED',
          `test ${JSON.stringify(this.#deps.test)} is not paused${pause === undefined ? '' : ` any more: ${endInWords(pause)}`}`,
        );
      Object.assign(pause, { request, ...(by === undefined ? {} : { by }) });
      this.#end(pause, how);
    }
    await this.#deps.keep('resumed');
  }

  /** The attempt ends, whatever was decided. */
  close(): void {
    const { pause } = this.#deps.attempt;
    this.#cancelDeadline?.();
    if (isPaused(pause)) this.#conclude(pause, 'cancelled');
  }

  /** Has all processes of a member, and of what its driver started there, stand still, or go on. Throws `NOT_PAUSED`. */
  async freeze(name: string, frozen: boolean, signal: AbortSignal): Promise<void> {
    const { attempt, members, clock, keep, changed } = this.#deps;
    const member = memberNamed(name, members());
    const { pause } = attempt;
    if (!isPaused(pause))
      throw new TuttiError('NOT_PAUSED', `${name} cannot be frozen: its test is not paused`);
    // Durable before it is so: the next master has it go on.
    pause.frozen = [...new Set([...pause.frozen, name])];
    await keep('frozen');
    const patience = new AbortController();
    const cancel = clock.after(FREEZE_MS, () =>
      patience.abort(
        new TuttiError('NOT_CONNECTED', `${name} on ${member.node} was not frozen: its node is away`),
      ),
    );
    try {
      await this.#freeze(member, frozen, AbortSignal.any([signal, patience.signal]));
    } finally {
      cancel();
    }
    // The pause may have ended meanwhile: what came too late is taken back.
    if (frozen && !isPaused(pause)) await this.#freeze(member, false);
    if (!frozen) pause.frozen = pause.frozen.filter((each) => each !== name);
    await keep('frozen');
    changed();
  }

  /** Watchdogs elsewhere wait as long as this master does. */
  tellTime(): void {
    const { attempt, members, commands, time, clock, log } = this.#deps;
    const now = clock.wallMs();
    const tell = (name: string, told: Promise<void>) =>
      // Who does not hear of it is stopped too early, by an agent that says so.
      void told.catch((error: unknown) => log.debug({ member: name, err: error }, 'more time was not told'));
    for (const member of members())
      if (!member.ended) tell(member.name, member.extended(time.leftFor(member.model) + this.rest));
    if (attempt.pause === undefined) return;
    for (const command of commands.running) {
      const { timeout, started, asked } = command.model;
      const left = secondsLeft({ timeout, started: started ?? asked }, attempt.pause, now);
      tell(command.name, command.extended(left));
    }
  }

  #arm(pause: Pause): void {
    const { time, clock } = this.#deps;
    time.arm();
    this.tellTime();
    const rest = Math.max(0, pause.until - clock.wallMs());
    this.#cancelDeadline = clock.after(rest, () => this.#end(pause, 'deadline'));
  }

  #end(pause: Pause, how: PauseEnd): void {
    this.#conclude(pause, how);
    // What was decided is durable before anything of it is.
    if (how === 'deadline') void this.#deps.keep('resumed');
    this.#deps.time.arm();
    this.tellTime();
    this.#deps.onOver(pause);
  }

  #conclude(pause: Pause, how: PauseEnd): void {
    const { attempt, test, clock, broker, changed, log } = this.#deps;
    this.#cancelDeadline?.();
    Object.assign(pause, { ended: clock.wallMs(), how });
    log.info({ test }, `the pause of ${test} is over: ${endInWords(pause)}`);
    broker.standStill(attempt.id, this.#standstill(pause));
    this.#thaw(pause);
    this.#over.resolve();
    changed('pause');
  }

  /** Their stop has them go on, too. */
  #thaw(pause: Pause): void {
    const { members, keep, log } = this.#deps;
    for (const member of members()) {
      if (!pause.frozen.includes(member.name)) continue;
      this.#freeze(member, false)
        .then(() => {
          pause.frozen = pause.frozen.filter((each) => each !== member.name);
          return keep('frozen');
        })
        .catch((error: unknown) => log.debug({ member: member.name, err: error }, 'a member was not thawed'));
    }
  }

  /** What operators have started goes on. */
  async #freeze(member: MemberUnderWay, frozen: boolean, signal?: AbortSignal): Promise<void> {
    const { commands } = this.#deps;
    const own = commands.running.filter(({ model }) => model.of === member.name && model.by !== undefined);
    await Promise.all([...(member.ended ? [] : [member]), ...own].map((each) => each.freeze(frozen, signal)));
  }

  /** In the time of sync spaces. */
  #standstill({ since, until, ended }: Pause): { since: number; until: number } {
    const { clock } = this.#deps;
    const base = clock.wallMs() - clock.monotonicMs();
    return { since: since - base, until: (ended ?? until) - base };
  }
}
