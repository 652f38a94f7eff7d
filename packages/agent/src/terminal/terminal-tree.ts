/**
 * All processes of one terminal: those in its cgroup, and those that carry its directory in their environment or share its
 * session. Both ways at once, as nobody has written down whether it could join.
 */
import { join } from 'node:path';
import type { ProcessId } from '@tutti/link';
import { CgroupTree } from '../system/cgroup.ts';
import { signal } from '../system/proc.ts';
import { JoinedTree, type ProcessTree } from '../system/process-tree.ts';
import { ScannedTree } from '../system/scanned-tree.ts';

/** By this its processes are told from those of the member whose environment they have. */
export function markOf(dir: string): { TUTTI_COMMAND: string } {
  return { TUTTI_COMMAND: dir };
}

export class TerminalTree {
  readonly #tree: ProcessTree;
  readonly #rungMs: number;
  /** What its first process joins. */
  readonly cgroup: CgroupTree | undefined;

  /** `leader`: its first process, while that is known. */
  constructor(
    dir: string,
    id: string,
    { cgroupRoot, rungMs }: { cgroupRoot: string | undefined; rungMs: number },
    leader: () => ProcessId | undefined,
  ) {
    const scanned = new ScannedTree({
      mark: `TUTTI_COMMAND=${markOf(dir).TUTTI_COMMAND}\0`,
      lifeLines: ['', ''],
      script: leader,
      // It began the session.
      wrapper: leader,
      wrapperGoneAt: () => undefined,
    });
    this.#rungMs = rungMs;
    this.cgroup = cgroupRoot === undefined ? undefined : new CgroupTree(join(cgroupRoot, id));
    this.#tree = this.cgroup === undefined ? scanned : new JoinedTree([this.cgroup, scanned]);
  }

  /** Resolves when none lives, or with false soon after. */
  async goneWithin(ms: number): Promise<boolean> {
    const late = AbortSignal.timeout(Math.max(1, ms));
    return this.#tree.gone(late).then(
      () => true,
      () => false,
    );
  }

  /** The stop ladder; `hangUp`: shells ignore SIGTERM, but not that their line is cut. False when some are left. */
  async end(hangUp: boolean): Promise<boolean> {
    if (hangUp) for (const each of await this.#tree.list()) signal(each, 'SIGHUP');
    await this.#tree.terminate();
    if (await this.goneWithin(this.#rungMs)) return true;
    await this.#tree.kill();
    return this.goneWithin(this.#rungMs);
  }

  /** What it left in the kernel. */
  async remove(): Promise<void> {
    await this.#tree.remove();
  }
}
