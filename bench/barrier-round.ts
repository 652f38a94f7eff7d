/** One round of the barrier bench over a crowd of either side. */
import type { Crowd } from './crowd.ts';

/** Milliseconds from sending the last arrival to having received the last release. `last`: who comes last. */
export async function barrierRound(crowd: Crowd, last: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let released = 0;
  const onReleased = () => {
    released += 1;
    if (released === crowd.size) resolve(performance.now());
  };
  const others = Array.from({ length: crowd.size }, (_, index) => index).filter((index) => index !== last);
  for (const index of others) crowd.arrive(index, onReleased);
  await Promise.all(others.map((index) => crowd.roundTrip(index)));
  if (released > 0) throw new Error('released before the last has arrived');
  const sent = performance.now();
  crowd.arrive(last, onReleased);
  return (await promise) - sent;
}
