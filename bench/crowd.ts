/** N connections of one client process to one server, whichever side they are of: the same shape for both. */

export interface Crowd {
  readonly size: number;
  /** Sends the arrival of member `index`; `released` is called when its release has been received. */
  arrive(index: number, released: () => void): void;
  /** Resolves when the server has seen all that member `index` had sent. */
  roundTrip(index: number): Promise<unknown>;
}

/** Fewer than a listening socket's backlog: beyond that connecting waits for retransmissions. */
const AT_ONCE = 256;

/** The results of `connect` for 0 … n−1, made a bounded number at a time. */
export async function connectAll<T>(n: number, connect: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < n; index = next++) made[index] = await connect(index);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, n) }, worker));
  return made;
}
