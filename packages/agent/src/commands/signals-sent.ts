/**
 * `signalled`: the requests for signals that a command has been sent, so that each is sent once, also when it is repeated
 * to the next agent. A request is on the disk before its signal is sent: an agent that is killed between the two has not
 * sent it, which is better than twice, as a script may count them.
 */
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { diskError } from '@tutti/link';
import { syncData } from '../system/durable.ts';

export class SignalsSent {
  readonly #path: string;
  #requests: Map<string, Promise<void>> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Runs `send` for a request that is new; resolves when it has been carried out, whoever asked first. */
  async once(request: string, send: () => Promise<void>): Promise<void> {
    this.#requests ??= new Map(readLines(this.#path).map((line) => [line, Promise.resolve()]));
    let sent = this.#requests.get(request);
    if (sent === undefined) {
      sent = this.#write(request).then(send);
      this.#requests.set(request, sent);
      // What could not be done may be asked for again; nothing was sent.
      sent.catch(() => this.#requests?.delete(request));
    }
    await sent;
  }

  async #write(request: string): Promise<void> {
    try {
      const file = await open(this.#path, 'a', 0o600);
      try {
        await file.appendFile(`${request}\n`);
        await syncData(file, this.#path);
      } finally {
        await file.close();
      }
    } catch (thrown) {
      throw diskError(this.#path, thrown);
    }
  }
}

/** A last line that a crash has torn is none: a request id never ends like another one's beginning and a newline. */
function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}
