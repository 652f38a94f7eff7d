/**
 * The symbolic links of a fetched directory. They are collected while files come and made when all files are there, so
 * that nothing is ever written through one.
 *
 * Guarantees: a link leads nowhere but into the directory, and no path of the fetch leads through a link.
 */
import { rename, rm, symlink } from 'node:fs/promises';
import type { StreamSink } from '@tutti/link';
import { LIMITS, linkStaysBelow, TuttiError } from '@tutti/protocol';
import { type Failed, partialName } from './result-sink.ts';

/** As many as files can be staged: nobody leaves more by intention. */
const MOST = LIMITS.stagedFiles.value;

export class ResultLinks {
  readonly #targets = new Map<string, string>();

  /** The sink of a link's stream, which has no bytes: the announcement says it all. */
  add(path: string, target: string): StreamSink {
    if (!linkStaysBelow(path, target))
      throw new TuttiError('PATH_ESCAPES', `the master sends a link "${path}" that leads out: "${target}"`);
    if (this.#targets.size >= MOST)
      throw new TuttiError('BAD_PARAMS', `the master sends more than ${MOST} links`);
    this.#targets.set(path, target);
    return {
      length: 0,
      async write() {
        throw new TuttiError('BAD_PARAMS', `the link "${path}" comes with bytes`);
      },
      async finish() {},
      abort() {},
    };
  }

  /** `place` makes the directory of a path and returns where it is. */
  async make(place: (path: string) => Promise<string>, failed: Failed): Promise<void> {
    for (const [path, target] of this.#targets) {
      this.#requireNoLinkAbove(path);
      const at = await place(path);
      const partial = partialName(at);
      try {
        await symlink(target, partial);
        await rename(partial, at);
      } catch (thrown) {
        await rm(partial, { force: true }).catch(() => {});
        throw failed(at, thrown);
      }
    }
  }

  #requireNoLinkAbove(path: string): void {
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      if (this.#targets.has(path.slice(0, cut)))
        throw new TuttiError('PATH_ESCAPES', `the master sends "${path}", which leads through a link`);
    }
  }
}
