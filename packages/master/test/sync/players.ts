/** Casts for tests: `players({ server: 1, client: 2 })` are server.0 on n1, client.0 on n2, client.1 on n3. */
import type { BarrierArgs, SyncVerb, TuttiError } from '@tutti/protocol';
import type { Player } from '../../src/sync/cast.ts';
import { SyncSpace } from '../../src/sync/space.ts';

export function players(roles: Record<string, number>): Player[] {
  const names = Object.entries(roles).flatMap(([role, count]) =>
    Array.from({ length: count }, (_, index) => ({ role, name: `${role}.${index}` })),
  );
  return names.map(({ role, name }, place) => ({ role, name, node: `n${place + 1}` }));
}

/** What a request was answered: its result, or its error's code and message. */
export type Told = Record<string, unknown> | { code: string; message: string };

/** A space in which a test talks in members and names; requests are numbered by themselves. */
export class Stage {
  readonly space: SyncSpace;
  /** Every answer that was given, by request, in the order given. */
  readonly told = new Map<string, Told[]>();
  now = 0;
  #requests = 0;

  constructor(roles: Record<string, number>, mostDecisions?: number) {
    this.space = new SyncSpace(players(roles), mostDecisions === undefined ? {} : { mostDecisions });
  }

  /** Asks and returns the request's id. */
  arrive(member: string, args: Partial<BarrierArgs> = {}, request = this.#next()): string {
    return this.#ask(member, request, 'barrier', { name: 'ready', ...args });
  }

  abort(member: string, reason: string, name = 'ready'): string {
    return this.#ask(member, this.#next(), 'abort', { name, reason });
  }

  ask(
    member: string,
    verb: Exclude<SyncVerb, 'barrier' | 'abort'>,
    args: object,
    request = this.#next(),
  ): string {
    return this.#ask(member, request, verb, args);
  }

  leave(member: string, how = 'exited with status 1'): void {
    this.#tell(this.space.leave(member, how, this.now));
  }

  lose(member: string): void {
    this.#tell(this.space.leave(member, 'was lost', this.now, { lost: true }));
  }

  /** The caller is gone. */
  withdraw(request: string): void {
    this.#tell(this.space.withdraw(request));
  }

  returnUnheld(member: string): void {
    this.#tell(this.space.returnUnheld(member));
  }

  timeOut(request: string): void {
    this.#tell(this.space.timeOut(request, this.now));
  }

  /** The one answer of a request; undefined while it waits. */
  answer(request: string): Told | undefined {
    const told = this.told.get(request) ?? [];
    if (told.length > 1) throw new Error(`${request} was answered ${told.length} times`);
    return told[0];
  }

  answers(...requests: string[]): (Told | undefined)[] {
    return requests.map((request) => this.answer(request));
  }

  #next(): string {
    this.#requests += 1;
    return `request-${this.#requests}`;
  }

  #ask(member: string, request: string, verb: 'barrier', args: object): string;
  #ask(member: string, request: string, verb: string, args: object): string;
  #ask(member: string, request: string, verb: string, args: object): string {
    this.#tell(this.space.ask(verb as 'barrier', args as BarrierArgs, { member, request, at: this.now }));
    return request;
  }

  #tell(settled: ReturnType<SyncSpace['ask']>): void {
    for (const { request, answer } of settled) {
      const told: Told = answer.ok ? { ...answer.result } : brief(answer.error);
      this.told.set(request, [...(this.told.get(request) ?? []), told]);
    }
  }
}

export function brief({ code, message }: TuttiError): { code: string; message: string } {
  return { code, message };
}
