/** Time as everything else gets it: injected, so that tests step it. */

export interface Clock {
  /** CLOCK_MONOTONIC of this machine in milliseconds; comparable between processes of one boot. */
  monotonicMs(): number;
  /** Unix time in milliseconds. It may jump: for stamps only, never for durations. */
  wallMs(): number;
  /** Calls back once, not before `ms` have passed. The returned function takes it back. */
  after(ms: number, callback: () => void): () => void;
}

/** setTimeout takes at most 2³¹−1 ms and fires at once beyond it. */
const LONGEST_TIMER = 0x7fff_ffff;

const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;

export const systemClock: Clock = {
  monotonicMs,
  wallMs: () => Date.now(),
  after(ms, callback) {
    const due = monotonicMs() + ms;
    const wait = (left: number) => setTimeout(look, Math.min(Math.max(0, Math.ceil(left)), LONGEST_TIMER));
    // setTimeout counts milliseconds of its own, and may be one early by the clock that counts here.
    const look = () => {
      const left = due - monotonicMs();
      if (left > 0) timer = wait(left);
      else callback();
    };
    let timer = wait(ms);
    return () => clearTimeout(timer);
  },
};
