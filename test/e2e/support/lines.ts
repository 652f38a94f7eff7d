/** What a process writes, line by line, for tests that wait for one of them. */
import type { Readable } from 'node:stream';

export type Stream = 'stdout' | 'stderr';

export interface WaitOptions {
  /** Default: either. */
  stream?: Stream;
  /** ms; default 20 s, less than a test has, so that its failure tells what was written. */
  timeout?: number;
}

interface Line {
  stream: Stream;
  text: string;
}

export class Lines {
  readonly #text: Record<Stream, string> = { stdout: '', stderr: '' };
  readonly #begun: Record<Stream, string> = { stdout: '', stderr: '' };
  readonly #lines: Line[] = [];
  readonly #waiting = new Set<{ look: (line: Line) => void; over: (why: string) => void }>();
  #ended: string | undefined;

  read(stream: Stream, from: Readable): void {
    from.setEncoding('utf8');
    from.on('data', (chunk: string) => {
      this.#text[stream] += chunk;
      const lines = `${this.#begun[stream]}${chunk}`.split('\n');
      this.#begun[stream] = lines.pop() ?? '';
      for (const text of lines) this.#add({ stream, text });
    });
  }

  /** No more will come: waits that are not satisfied end, and say why. */
  end(why: string): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#begun[stream] !== '') this.#add({ stream, text: this.#begun[stream] });
    }
    this.#ended = why;
    for (const { over } of this.#waiting) over(why);
  }

  text(stream: Stream): string {
    return this.#text[stream];
  }

  wait(pattern: RegExp | string, { stream, timeout = 20_000 }: WaitOptions = {}): Promise<string> {
    const matches = (line: Line) =>
      (stream === undefined || stream === line.stream) &&
      (typeof pattern === 'string' ? line.text.includes(pattern) : pattern.test(line.text));
    const there = this.#lines.find(matches);
    if (there !== undefined) return Promise.resolve(there.text);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const over = (why: string) => {
      const { stdout, stderr } = this.#text;
      reject(new Error(`no line matched ${pattern}: ${why}\nstdout:\n${stdout}\nstderr:\n${stderr}`));
    };
    if (this.#ended !== undefined) {
      over(this.#ended);
      return promise;
    }
    const look = (line: Line) => {
      if (matches(line)) resolve(line.text);
    };
    const entry = { look, over };
    this.#waiting.add(entry);
    const timer = setTimeout(() => over(`${timeout} ms have passed`), timeout);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(entry);
    });
  }

  #add(line: Line): void {
    this.#lines.push(line);
    for (const { look } of this.#waiting) look(line);
  }
}
