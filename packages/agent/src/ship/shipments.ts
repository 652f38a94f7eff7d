/** The members that are shipped over one session: each once, however often it is begun. */
import type { Clock } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import type { Members } from '../members/members.ts';
import type { Log } from '../system/log.ts';
import type { Ends } from './ends.ts';
import type { MasterSession } from './master-link.ts';
import { ship } from './shipper.ts';

export interface ShipmentsDeps {
  members: Pick<Members, 'has' | 'out' | 'logs' | 'masks' | 'noteOutput'>;
  ends: Ends;
  /** The master has all of a member. */
  onShipped?: ((member: string) => void) | undefined;
  clock: Clock;
  log: Log;
}

export class Shipments {
  readonly #session: MasterSession;
  readonly #deps: ShipmentsDeps;
  readonly #begun = new Set<string>();
  readonly #over = new AbortController();

  constructor(session: MasterSession, deps: ShipmentsDeps) {
    this.#session = session;
    this.#deps = deps;
    session.onClosed((why) => this.#over.abort(why));
  }

  /** A member that is asked to start again is under way already. */
  begin(id: string): void {
    const { members, ends, onShipped, clock, log } = this.#deps;
    if (!members.has(id) || this.#begun.has(id)) return;
    this.#begun.add(id);
    const member = {
      id,
      out: members.out(id),
      logs: () => members.logs(id),
      masks: members.masks(id),
      whenEnded: (signal: AbortSignal) => ends.of(id, signal),
      noteOutput: (bytes: number) => members.noteOutput(id, bytes),
    };
    ship(member, this.#session, { clock, log, over: this.#over.signal }).then(
      () => onShipped?.(id),
      (error: unknown) => this.#failed(id, TuttiError.from(error)),
    );
  }

  /** After this it may be begun again. */
  forget(id: string): void {
    this.#deps.ends.drop(id);
    this.#begun.delete(id);
  }

  #failed(id: string, error: TuttiError): void {
    const { members, log } = this.#deps;
    if (this.#session.closed || !members.has(id)) return;
    // Its attempt is over at the master, which will have it forgotten: nothing of it is wanted any more.
    if (error.code === 'NO_SUCH_MEMBER') {
      log.debug({ member: id }, 'the master does not want the member any more');
      return;
    }
    log.error({ err: error, member: id }, 'a member could not be shipped; the connection is made anew');
    this.#session.close(error);
  }
}
