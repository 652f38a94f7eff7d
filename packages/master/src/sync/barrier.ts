/**
 * One named barrier of a sync space. Pure: no timers, no sockets; time comes in as seconds of the master's clock.
 *
 *   open g ──all arrived──▶ open g+1        every arrival gets generation g, its rank, the size, all data
 *     └──── a participant cannot come, timed out, or abort ──▶ broken (for good)
 *
 * Guarantees: an arrival is answered at most once; ranks are the order of arrival, which who comes
 * again after a restart does not lose; an arrival of generation
 * g+1 never counts for g; the same member twice in one generation fails the second only; participants that
 * disagree fail all; once broken, every arrival fails at once with the same message.
 */
import { type BarrierArgs, type ErrorCode, type Json, jsonSize, LIMITS, TuttiError } from '@tutti/protocol';
import type { Cast } from './cast.ts';
import { broken, culpritOf } from './effects.ts';
import { inTurn } from './in-turn.ts';
import { agree, type Participants, participantsOf } from './participants.ts';

export interface Arrival {
  readonly member: string;
  readonly request: string;
  /** Master time in seconds. */
  readonly at: number;
  readonly data: Json | undefined;
}

/** All that the participants of one release share. */
export interface Release {
  readonly name: string;
  readonly generation: number;
  readonly arrivals: readonly Arrival[];
  readonly hasData: boolean;
}

export interface Break {
  /** What everybody is told; `details.culprit` is the member that made it break, where one did. */
  readonly error: TuttiError;
  readonly culprit: string | undefined;
}

/** What came of an event: nobody else learns anything, a release, or a break for these waiters. */
export type BarrierOutcome =
  | { what: 'waiting' }
  | { what: 'released'; release: Release }
  | {
      what: 'broken';
      name: string;
      broken: Break;
      waiters: readonly Arrival[];
      /** Who had not come. */
      missing: readonly string[];
    };

const WAITING: BarrierOutcome = { what: 'waiting' };

/** Of one arrival in the JSON text of all: quotes, colon, comma, and null where it brings nothing. */
const PUNCTUATION = 4;
const NOTHING = 4;

export class Barrier {
  readonly name: string;
  readonly #cast: Cast;
  #generation = 0;
  #arrivals = new Map<string, Arrival>();
  #participants: Participants | undefined;
  /** What the data of all arrivals would have as one JSON text, names included; and how many brought some. */
  #dataSize = 0;
  #withData = 0;
  #broken: Break | undefined;

  constructor(name: string, cast: Cast) {
    this.name = name;
    this.#cast = cast;
  }

  get broken(): Break | undefined {
    return this.#broken;
  }

  get waiting(): ReadonlyMap<string, Arrival> {
    return this.#arrivals;
  }

  /** Nothing has come of it so far: it might as well never have been asked for. */
  get untouched(): boolean {
    return this.#generation === 0 && this.#arrivals.size === 0 && this.#broken === undefined;
  }

  /** How many more have to arrive. */
  get needs(): number {
    return (this.#participants?.size ?? 0) - this.#arrivals.size;
  }

  /** As it was after that generation's release. */
  restoreRelease(generation: number): void {
    this.#generation = generation + 1;
  }

  /** As it was after it broke. */
  restoreBreak(error: TuttiError): void {
    this.#broken = { error, culprit: culpritOf(error) };
  }

  /** Throws a `TuttiError` when this arrival alone is refused. */
  arrive(arrival: Arrival, args: BarrierArgs): BarrierOutcome {
    if (this.#broken) throw this.#broken.error;
    const { member } = arrival;
    if (this.#arrivals.has(member)) {
      throw new TuttiError(
        'ALREADY_ARRIVED',
        `${member} waits at barrier "${this.name}" already (generation ${this.#generation})`,
      );
    }
    const participants = participantsOf(args, member, this.#cast, this.#participants);
    if (this.#participants && !agree(this.#participants, participants)) {
      return this.#disagree(arrival, participants, this.#participants);
    }
    this.#addData(arrival);
    this.#participants ??= participants;
    this.#arrivals.set(member, arrival);
    if (this.#arrivals.size === participants.size) return this.#release(participants);
    // Of a run more may be asked for than there ever will be.
    const allCanCome = this.#cast.goneCount === 0 && participants.size <= this.#cast.size;
    return allCanCome ? WAITING : this.#breakIfHopeless(arrival.at);
  }

  /** The caller is gone: it did not arrive after all. */
  withdraw(member: string): void {
    const arrival = this.#arrivals.get(member);
    if (arrival === undefined) return;
    this.#arrivals.delete(member);
    this.#dataSize -= sizeOf(arrival);
    if (arrival.data !== undefined) this.#withData -= 1;
    if (this.#arrivals.size === 0) this.#participants = undefined;
  }

  /** A member has left the cast, or the last ones have joined it. */
  castChanged(at: number): BarrierOutcome {
    return this.#breakIfHopeless(at);
  }

  /** The member's own deadline at this barrier has passed. */
  timeOut(member: string, at: number): BarrierOutcome {
    const arrival = this.#arrivals.get(member);
    if (arrival === undefined || this.#participants === undefined) return WAITING;
    const waited = seconds(at - arrival.at);
    return this.#break(
      at,
      `${this.#cast.where(member)} timed out after ${waited}; ${this.#state(this.#participants)}`,
      undefined,
    );
  }

  abort(member: string, reason: string): BarrierOutcome {
    if (this.#broken) return WAITING;
    const message = `barrier "${this.name}" aborted by ${this.#cast.where(member)}: ${reason}`;
    return this.#fail('BARRIER_ABORTED', message, member);
  }

  /** Who has not come; with `count` anyone might, so all who have not, the gone among them. */
  missing(): string[] {
    const candidates = this.#participants?.only ?? this.#cast.names();
    return [...candidates].filter((name) => !this.#arrivals.has(name));
  }

  #release({ size }: Participants): BarrierOutcome {
    const arrivals = inTurn([...this.#arrivals.values()]);
    const release = {
      name: this.name,
      generation: this.#generation,
      arrivals,
      hasData: this.#withData > 0,
    };
    if (arrivals.length !== size)
      throw new Error(`barrier ${this.name} released ${arrivals.length} of ${size}`);
    this.#generation += 1;
    this.#arrivals = new Map();
    this.#participants = undefined;
    this.#dataSize = 0;
    this.#withData = 0;
    return { what: 'released', release };
  }

  #breakIfHopeless(at: number): BarrierOutcome {
    const participants = this.#participants;
    if (this.#broken || participants === undefined || this.#cast.mayGrow) return WAITING;
    const lost = this.#cast
      .goneNames()
      .filter((name) => !this.#arrivals.has(name) && (participants.only?.has(name) ?? true));
    const candidates = participants.only?.size ?? this.#cast.size;
    if (candidates - lost.length >= participants.size) return WAITING;
    return this.#break(at, this.#state(participants), lost[0]);
  }

  #disagree(arrival: Arrival, theirs: Participants, ours: Participants): BarrierOutcome {
    const others = this.#cast.some(this.#arrivals.keys());
    const message = `barrier "${this.name}": ${arrival.member} says ${theirs.words}, but ${others} said ${ours.words}`;
    this.#arrivals.set(arrival.member, arrival);
    return this.#fail('BARRIER_DISAGREEMENT', message, undefined);
  }

  #break(at: number, why: string, culprit: string | undefined): BarrierOutcome {
    let first = at;
    for (const arrival of this.#arrivals.values()) first = Math.min(first, arrival.at);
    const message = `barrier "${this.name}" broken after ${seconds(at - first)}: ${why}`;
    return this.#fail('BARRIER_BROKEN', message, culprit);
  }

  #fail(code: ErrorCode, message: string, culprit: string | undefined): BarrierOutcome {
    const why = { error: broken(code, message, culprit), culprit };
    this.#broken = why;
    const waiters = [...this.#arrivals.values()];
    const missing = this.missing();
    this.#arrivals = new Map();
    return { what: 'broken', name: this.name, broken: why, waiters, missing };
  }

  #state({ size }: Participants): string {
    return `${this.#arrivals.size} of ${size} arrived; missing ${this.#cast.describeMissing(this.missing())}`;
  }

  #addData(arrival: Arrival): void {
    const { member, data } = arrival;
    const { barrierData, barrierDataTotal } = LIMITS;
    const own = data === undefined ? 0 : jsonSize(data);
    if (own > barrierData.value) {
      throw new TuttiError(
        'VALUE_TOO_LARGE',
        `barrier "${this.name}": ${member} brings ${own} bytes of data, where ${barrierData.value} are allowed`,
      );
    }
    const size = this.#dataSize + sizeOf(arrival, own);
    const withData = this.#withData + Number(data !== undefined);
    if (withData > 0 && size > barrierDataTotal.value) {
      throw new TuttiError(
        'VALUE_TOO_LARGE',
        `barrier "${this.name}": with ${member} the data of all exceeds ${barrierDataTotal.value} bytes`,
      );
    }
    this.#dataSize = size;
    this.#withData = withData;
  }
}

/** Its part of the JSON text of all. */
function sizeOf({ member, data }: Arrival, own = data === undefined ? 0 : jsonSize(data)): number {
  return member.length + PUNCTUATION + (data === undefined ? NOTHING : own);
}

/** `1.2 s` */
export function seconds(value: number): string {
  return `${Math.max(0, value).toFixed(1)} s`;
}
