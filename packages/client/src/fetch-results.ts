/** Brings a finished run's directory from a remote master: each file whole or absent. */
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StreamSink } from '@tutti/link';
import { staysBelow, TuttiError } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

/** Fetches into `dir`, which is made. Without `logs` the reports only. Returns how many files came. */
export async function fetchResults(
  client: MasterClient,
  run: number,
  dir: string,
  logs: boolean,
): Promise<number> {
  await mkdir(dir, { recursive: true });
  client.receive((target) => {
    if (target.to !== 'result' || target.run !== run || !staysBelow(target.path)) {
      throw new TuttiError('PATH_ESCAPES', 'the master sent a file that was not asked for');
    }
    return ResultSink.create(join(dir, target.path));
  });
  return (await client.call('run.fetch', { run, logs })).files;
}

class ResultSink implements StreamSink {
  readonly length = 0;
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<ResultSink> {
    await mkdir(dirname(path), { recursive: true });
    return new ResultSink(path, await open(`${path}.part`, 'w'));
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#file.appendFile(bytes);
  }

  async finish(): Promise<void> {
    await this.#file.close();
    await rename(`${this.#path}.part`, this.#path);
  }

  abort(): void {
    void this.#file.close();
  }
}
