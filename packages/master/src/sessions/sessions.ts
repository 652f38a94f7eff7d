/**
 * Sessions: pieces that others start gather here, and when all who are expected are there they become one run.
 *
 *   gathering ──all joined, all agents connected──▶ starting ──durable──▶ a run like any other
 *
 * Gathering is in memory alone: after a restart of the master the joiners ask again. What has begun is found by its
 * agents, so that who did not hear of it asks again too. A joiner is there as long as its call is: whose connection ends gives
 * its places back.
 *
 * Guarantees: a session begins once, with exactly those who were there; every joiner hears of the beginning, or why there
 * is none; nobody waits longer than it said it would.
 */
import type { Clock, Logger } from '@tutti/link';
import { type CallParams, type CallResult, LIMITS, TuttiError } from '@tutti/protocol';
import type { Registry } from '../agents/registry.ts';
import type { Runs } from '../runs/runs.ts';
import { emptyRoster, enter, leave, type Piece, places, type Roster } from './roster.ts';
import { castOf, specOf } from './run-of.ts';
import { waitsFor, whoIsMissing } from './waits-for.ts';

export interface SessionsDeps {
  readonly clock: Pick<Clock, 'after'>;
  readonly registry: Registry;
  readonly runs: Pick<Runs, 'joinedBy' | 'joinedUnderWay' | 'startJoined'>;
  readonly log: Logger;
}

type Joined = CallResult<'session.join'>;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly told: (waitsFor: string) => void;
}

interface Gathering {
  roster: Roster;
  /** Whom it waits for, agents aside; undefined: all have joined. */
  missing: string | undefined;
  /** By the ids of the pieces. */
  readonly waiting: Map<string, Waiting>;
  /** Its run is being made. */
  starting: boolean;
}

export class Sessions {
  readonly #deps: SessionsDeps;
  readonly #gatherings = new Map<string, Gathering>();

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    deps.registry.onChange(() => {
      for (const gathering of this.#gatherings.values()) this.#look(gathering);
    });
  }

  /**
   * Resolves when the run of the session has begun. `peer`: where the joiner is, for messages; `told` hears whom the session
   * waits for whenever that changes. Throws `SESSION_REFUSED`, `SESSION_IN_USE`, `TIMED_OUT`.
   */
  async join(
    { session, joiner, host, role, agents, terms, patience }: CallParams<'session.join'>,
    peer: string,
    told: (waitsFor: string) => void,
    signal: AbortSignal,
  ): Promise<Joined> {
    signal.throwIfAborted();
    const begun = this.#begun(agents);
    if (begun !== undefined) return begun;
    const gathering = this.#gathering(session, joiner);
    const piece: Piece = { id: joiner, from: `${host} (${peer})`, role, agents, terms };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { resolve, reject, told };
    if (!gathering.starting) this.#enter(gathering, piece);
    gathering.waiting.get(joiner)?.reject(new TuttiError('SUPERSEDED', 'the same joiner has asked again'));
    gathering.waiting.set(joiner, waiting);
    const give = (why: unknown) => this.#giveUp(gathering, joiner, waiting, why);
    const gone = () => give(signal.reason);
    signal.addEventListener('abort', gone);
    const cancel = this.#deps.clock.after(patience * 1000, () => give(this.#late(gathering)));
    try {
      this.#look(gathering);
      this.#tell(gathering);
      await promise;
    } finally {
      cancel();
      signal.removeEventListener('abort', gone);
    }
    const now = this.#begun(agents);
    if (now !== undefined) return now;
    throw new TuttiError('INTERNAL', `session "${session}" has begun without its ${role}`);
  }

  debugState(): { sessions: number; joiners: number } {
    const joiners = [...this.#gatherings.values()].reduce((sum, { waiting }) => sum + waiting.size, 0);
    return { sessions: this.#gatherings.size, joiners };
  }

  /** Throws `SESSION_IN_USE` for others than those who belong to it. */
  #gathering(session: string, joiner: string): Gathering {
    const known = this.#gatherings.get(session);
    const belongs = known?.roster.pieces.some(({ id }) => id === joiner) === true;
    const run = this.#deps.runs.joinedUnderWay(session);
    if (run !== undefined)
      throw new TuttiError('SESSION_IN_USE', `session "${session}" is complete: it is run ${run}`);
    if (known?.starting && !belongs)
      throw new TuttiError('SESSION_IN_USE', `session "${session}" is complete: it begins`);
    if (known !== undefined) return known;
    if (this.#gatherings.size >= LIMITS.sessions.value)
      throw new TuttiError(
        'SESSION_REFUSED',
        `${this.#gatherings.size} sessions gather at this master already`,
      );
    const roster = emptyRoster(session);
    const gathering = { roster, missing: whoIsMissing(roster), waiting: new Map(), starting: false };
    this.#gatherings.set(session, gathering);
    return gathering;
  }

  #enter(gathering: Gathering, piece: Piece): void {
    try {
      const { roster, refused } = enter(gathering.roster, piece);
      this.#is(gathering, roster);
      for (const { piece: other, error } of refused) {
        gathering.waiting.get(other.id)?.reject(error);
        gathering.waiting.delete(other.id);
      }
    } finally {
      this.#forgetEmpty(gathering);
    }
  }

  /** It does not wait any more. What has begun to start is not stopped by it: its machine will be missed there. */
  #giveUp(gathering: Gathering, joiner: string, waiting: Waiting, why: unknown): void {
    waiting.reject(why);
    if (gathering.waiting.get(joiner) !== waiting) return;
    gathering.waiting.delete(joiner);
    if (gathering.starting) return;
    this.#is(gathering, leave(gathering.roster, joiner));
    this.#forgetEmpty(gathering);
    this.#tell(gathering);
  }

  #is(gathering: Gathering, roster: Roster): void {
    gathering.roster = roster;
    gathering.missing = whoIsMissing(roster);
  }

  #forgetEmpty({ roster: { session, pieces } }: Gathering): void {
    if (pieces.length === 0) this.#gatherings.delete(session);
  }

  #late({ roster }: Gathering): TuttiError {
    const whom = this.#waitsFor(roster) ?? 'its beginning';
    const message = `session "${roster.session}" was not complete in time: it waits for ${whom}`;
    return new TuttiError('TIMED_OUT', message);
  }

  #waitsFor(roster: Roster): string | undefined {
    const { registry } = this.#deps;
    return waitsFor(roster, (agent) => registry.guest(agent, roster.session)?.session === undefined);
  }

  #tell(gathering: Gathering): void {
    const { starting, missing, waiting } = gathering;
    // Agents come by themselves, and soon: who joins is told of people.
    if (!starting && missing !== undefined) for (const { told } of waiting.values()) told(missing);
  }

  /** Begins it if nobody is missing. */
  #look(gathering: Gathering): void {
    const { roster, missing, starting } = gathering;
    // Thousands of agents may come back at once: most changes are none here.
    if (starting || missing !== undefined || this.#waitsFor(roster) !== undefined) return;
    gathering.starting = true;
    void this.#begin(gathering);
  }

  /** Never rejects. */
  async #begin(gathering: Gathering): Promise<void> {
    const { roster, waiting } = gathering;
    const { registry, runs, log } = this.#deps;
    const { session } = roster;
    const nodes = places(roster).flatMap(({ agent }) => registry.guest(agent, session) ?? []);
    const names = new Map(nodes.map(({ identity }) => [identity.agent, identity.name]));
    let settle: (each: Waiting) => void;
    try {
      const cast = castOf(roster, (agent) => names.get(agent) ?? '');
      const run = await runs.startJoined(specOf(roster), cast, nodes);
      log.info({ run: run.model.number, session }, `session ${session} is complete: run ${run.model.number}`);
      settle = ({ resolve }) => resolve();
    } catch (error) {
      if (TuttiError.from(error).code === 'MASTER_STOPPING') {
        // Their connections are about to end: they ask the next master.
        gathering.starting = false;
        return;
      }
      log.warn({ session, err: error }, `session ${session} could not begin`);
      settle = ({ reject }) => reject(error);
    }
    this.#gatherings.delete(session);
    for (const each of waiting.values()) settle(each);
  }

  /** The run that these agents are in already. */
  #begun(agents: readonly string[]): Joined | undefined {
    const run = this.#deps.runs.joinedBy(agents);
    if (run === undefined) return undefined;
    const { number, cast, agents: of } = run.model;
    const members = new Map(
      cast.flatMap(({ need, nodes }) =>
        nodes.map((name, index) => [of.get(name), `${need.role}.${index}`] as const),
      ),
    );
    return { run: number, members: agents.map((agent) => members.get(agent) ?? '') };
  }
}
