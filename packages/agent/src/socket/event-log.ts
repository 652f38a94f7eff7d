/**
 * A member's `events.N`: what its script reported, one JSON line each, written by the agent alone.
 *
 * Guarantees that what `append` has resolved for is on the disk, and that one request is one line, also across a restart
 * of the agent. Reports that come together share one write and one fdatasync. A line that a crash tore is closed off,
 * so that it spoils none that follow; whoever reads the file skips what is not JSON.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { diskError } from '@tutti/link';
import { type MemberEvent, type RebootEvent, TuttiError } from '@tutti/protocol';
import { syncData } from '../system/durable.ts';

interface Waiting {
  readonly line: string;
  readonly done: () => void;
  readonly failed: (why: unknown) => void;
}

export class EventLog {
  readonly #path: string;
  readonly #file: FileHandle;
  /** Every request that has a line or is getting one. */
  readonly #requests: Map<string, Promise<void>>;
  #torn: boolean;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  private constructor(path: string, file: FileHandle, requests: Map<string, Promise<void>>, torn: boolean) {
    this.#path = path;
    this.#file = file;
    this.#requests = requests;
    this.#torn = torn;
  }

  static async open(path: string): Promise<EventLog> {
    const file = await open(path, 'a+');
    const requests = new Map<string, Promise<void>>();
    const text = await file.readFile('utf8');
    for (const line of text.split('\n')) {
      const request = requestOf(line);
      if (request !== undefined) requests.set(request, Promise.resolve());
    }
    return new EventLog(path, file, requests, text !== '' && !text.endsWith('\n'));
  }

  async append(event: MemberEvent | RebootEvent): Promise<void> {
    const known = this.#requests.get(event.request);
    if (known !== undefined) {
      await known;
      return;
    }
    if (this.#closed) throw new TuttiError('NO_SUCH_MEMBER', 'the member has ended; it reports nothing more');
    const written = new Promise<void>((done, failed) => {
      this.#waiting.push({ line: `${JSON.stringify(event)}\n`, done, failed });
    });
    this.#requests.set(event.request, written);
    this.#writing ??= this.#write();
    try {
      await written;
    } catch (thrown) {
      // The same request may try again.
      this.#requests.delete(event.request);
      throw thrown;
    }
  }

  /** Lets what is being written finish. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const text = (this.#torn ? '\n' : '') + batch.map((each) => each.line).join('');
      try {
        // Until all is written, a part may be.
        this.#torn = true;
        await this.#file.appendFile(text);
        await syncData(this.#file, this.#path);
        this.#torn = false;
        for (const each of batch) each.done();
      } catch (thrown) {
        for (const each of batch) each.failed(diskError(this.#path, thrown));
      }
    }
    this.#writing = undefined;
  }
}

function requestOf(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('request' in value)) return undefined;
    return typeof value.request === 'string' ? value.request : undefined;
  } catch {
    return undefined;
  }
}
