/** The end of what was written, and how much there was in all. */
import { LIMITS } from '@tutti/protocol';

export class Tail {
  size = 0;
  #bytes: Buffer = Buffer.alloc(0);

  add(bytes: Buffer): void {
    this.size += bytes.byteLength;
    this.#bytes = Buffer.concat([this.#bytes, bytes]).subarray(-LIMITS.commandOutput.value);
  }

  get text(): string {
    return new TextDecoder().decode(this.#bytes);
  }
}
