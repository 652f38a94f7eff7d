/**
 * What is typed, looked through for the one thing that is meant for here: `~.` at the beginning of a line, which leaves. `~~` there is
 * a `~`. Pure; the same as in ssh(1), as no other key can be spared.
 */
const TILDE = 0x7e;
const DOT = 0x2e;
const LINE_ENDS: readonly (number | undefined)[] = [0x0d, 0x0a];

export class Escape {
  #atStart = true;
  #held = false;

  /** What goes on to the machine; `leave`: the rest was not for it. */
  take(bytes: Buffer): { bytes: Buffer; leave: boolean } {
    const passed: number[] = [];
    for (const byte of bytes) {
      if (this.#held) {
        this.#held = false;
        if (byte === DOT) return { bytes: Buffer.from(passed), leave: true };
        if (byte !== TILDE) passed.push(TILDE);
      } else if (this.#atStart && byte === TILDE) {
        this.#held = true;
        continue;
      }
      passed.push(byte);
      this.#atStart = LINE_ENDS.includes(byte);
    }
    return { bytes: Buffer.from(passed), leave: false };
  }
}
