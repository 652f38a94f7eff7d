/**
 * Requests that were withdrawn because their agent was replaced, and whose callers may live: what they repeat has the place
 * and the deadline that it had. Pure.
 */

/** Master monotonic ms. */
export interface FirstAsked {
  readonly at: number;
  readonly due: number;
}

export class ComeAgains {
  readonly #ofMembers = new Map<string, Map<string, FirstAsked>>();

  /** The caller of the request may come again. */
  expect(member: string, request: string, { at, due }: FirstAsked): void {
    const requests = this.#ofMembers.get(member);
    if (requests) requests.set(request, { at, due });
    else this.#ofMembers.set(member, new Map([[request, { at, due }]]));
  }

  /** What these wait for is given up so many ms later. */
  postpone(ms: number, isMeant: (member: string) => boolean): void {
    for (const [member, requests] of this.#ofMembers) {
      if (!isMeant(member)) continue;
      for (const [request, { at, due }] of requests) requests.set(request, { at, due: due + ms });
    }
  }

  /** Some caller of the member may. */
  expects(member: string): boolean {
    return this.#ofMembers.has(member);
  }

  /** When the request was asked first; undefined for one that is not asked again. */
  first(member: string, request: string): FirstAsked | undefined {
    return this.#ofMembers.get(member)?.get(request);
  }

  /** The callers of the member have had their time, or are known to be gone. */
  forget(member: string): void {
    this.#ofMembers.delete(member);
  }
}
