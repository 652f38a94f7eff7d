/**
 * A growing log as the master gets it: secrets masked, every byte at its place, so that lengths stay what they are.
 *
 * Guarantees: whether a byte is masked depends on the log alone, not on where reading began or how it was cut. So the end of
 * a log that may be the beginning of a secret is held back until more has come, or nothing more will.
 */
import type { ByteSource } from '@tutti/link';
import type { Masks } from './masks.ts';

export class MaskedSource implements ByteSource {
  readonly #source: ByteSource;
  readonly #masks: Masks;
  #complete = false;

  constructor(source: ByteSource, masks: Masks) {
    this.#source = source;
    this.#masks = masks;
  }

  /** Nothing more comes. */
  complete(): void {
    this.#complete = true;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    if (this.#masks.empty) return this.#source.read(offset, into);
    const around = this.#masks.longest - 1;
    const before = Math.min(offset, around);
    const window = Buffer.allocUnsafe(before + into.byteLength + around);
    const got = await this.#fill(offset - before, window);
    const bytes = window.subarray(0, got);
    const atEnd = got < window.byteLength && !this.#complete;
    const held = atEnd ? this.#masks.begun(bytes) : 0;
    const length = Math.max(0, Math.min(into.byteLength, got - held - before));
    this.#masks.apply(bytes);
    into.set(bytes.subarray(before, before + length));
    return length;
  }

  async #fill(offset: number, window: Uint8Array): Promise<number> {
    let got = 0;
    while (got < window.byteLength) {
      const length = await this.#source.read(offset + got, window.subarray(got));
      if (length === 0) break;
      got += length;
    }
    return got;
  }
}
