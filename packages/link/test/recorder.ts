/** Starts a transport and writes down what comes. */
import type { TuttiError } from '@tutti/protocol';
import type { Transport } from '../src/transport.ts';

export class Recorder {
  readonly messages: Uint8Array[] = [];
  readonly closed: TuttiError[] = [];
  /** `ended` came before a message. */
  disorder = false;

  constructor(transport: Transport) {
    transport.start({
      message: (bytes) => {
        if (this.closed.length > 0) this.disorder = true;
        this.messages.push(bytes);
      },
      ended: (why) => this.closed.push(why),
    });
  }

  get numbers(): number[] {
    return this.messages.map((bytes) => Buffer.from(bytes).readUInt32BE());
  }
}

/** A message of that size that begins with a number. */
export function numbered(number: number, size = 4): Uint8Array {
  const bytes = Buffer.alloc(size, number & 0xff);
  bytes.writeUInt32BE(number);
  return bytes;
}
