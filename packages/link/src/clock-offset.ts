/**
 * Estimates how the peer's wall clock lies over this machine's monotonic clock: peer wall ≈ own monotonic + offset.
 *
 * Each round trip bounds the peer's reading between its sending and its return; the midpoint is off by at
 * most half the round trip (RFC 5905, section 8, with both directions taken as equal). Of the last 16 round
 * trips the fastest has the tightest bound, so its midpoint is the estimate. Since the monotonic clock is
 * never set, an operator who sets this machine's wall clock changes nothing.
 */
const KEPT = 16;

export class ClockOffset {
  readonly #samples: { roundTrip: number; offset: number }[] = [];

  /** All in ms: own monotonic clock at sending and at return, the peer's wall clock in between. */
  add(sent: number, returned: number, peerWall: number): void {
    const roundTrip = returned - sent;
    if (!(roundTrip >= 0)) return;
    this.#samples.push({ roundTrip, offset: peerWall - (sent + returned) / 2 });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** ms to add to a monotonic reading; undefined before the first round trip. */
  get value(): number | undefined {
    return this.#best?.offset;
  }

  /** How far `value` can be off, in ms. */
  get uncertainty(): number | undefined {
    const best = this.#best;
    return best === undefined ? undefined : best.roundTrip / 2;
  }

  get #best() {
    let best = this.#samples[0];
    for (const sample of this.#samples)
      if (best === undefined || sample.roundTrip < best.roundTrip) best = sample;
    return best;
  }
}
