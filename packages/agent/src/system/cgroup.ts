/**
 * A cgroup (version 2, hybrid layouts too) as the set of a member's processes. No controllers are used.
 * (Format: https://docs.kernel.org/admin-guide/cgroup-v2.html)
 *
 * That it is empty is learnt from the kernel's own notice on `cgroup.events`, not by polling. Groups that the member made
 * below its own count as its own.
 */
import { type FSWatcher, watch } from 'node:fs';
import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProcessId, readStat } from '@tutti/link';
import { errnoOf, ignore } from './errno.ts';
import { signal } from './proc.ts';
import { continueAll, type ProcessTree, stopAll } from './process-tree.ts';

/** Where cgroup2 is mounted according to /proc/self/mountinfo; undefined where it is not. */
export function cgroupMount(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    if (after?.split(' ')[0] !== 'cgroup2') continue;
    const path = before?.split(' ')[4];
    if (path !== undefined)
      return path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  }
  return undefined;
}

/** The version 2 line of /proc/self/cgroup: where this process is, below the mount. */
export function ownCgroup(text: string): string | undefined {
  return /^0::(\/.*)$/m.exec(text)?.[1];
}

/** Makes the group that will hold this agent's members; undefined where cgroup2 is missing or may not be written. */
export async function cgroupRoot(agent: string): Promise<string | undefined> {
  try {
    const mount = cgroupMount(await readFile('/proc/self/mountinfo', 'utf8'));
    const own = ownCgroup(await readFile('/proc/self/cgroup', 'utf8'));
    if (mount === undefined || own === undefined) return undefined;
    const root = join(mount, own, `tutti-${agent.slice(0, 8)}`);
    await mkdir(root, { recursive: true });
    // Moving a process also needs the nearest common ancestor's procs file, which is the agent's own group's.
    await access(join(root, 'cgroup.procs'), constants.W_OK);
    await access(join(mount, own, 'cgroup.procs'), constants.W_OK);
    return root;
  } catch {
    return undefined;
  }
}

const POLL_MS = 100;

export class CgroupTree implements ProcessTree {
  /** The group's directory; what joins writes 0 into its `cgroup.procs`. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true });
  }

  list(): Promise<ProcessId[]> {
    return this.#processes();
  }

  async terminate(): Promise<void> {
    // What is frozen could not notice.
    await this.#setFrozen(false);
    for (const id of await this.#processes()) {
      signal(id, 'SIGTERM');
      signal(id, 'SIGCONT');
    }
  }

  async kill(): Promise<void> {
    try {
      await writeFile(join(this.path, 'cgroup.kill'), '1');
    } catch (thrown) {
      // The file is missing before Linux 5.14.
      ignore(thrown, 'ENOENT', 'EACCES', 'EPERM', 'ENODEV');
      for (const id of await this.#processes()) signal(id, 'SIGKILL');
    }
  }

  async freeze(): Promise<void> {
    if (!(await this.#setFrozen(true))) await stopAll(() => this.list());
  }

  async thaw(): Promise<void> {
    if (!(await this.#setFrozen(false))) await continueAll(() => this.list());
  }

  async count(): Promise<number> {
    return (await this.#processes()).length;
  }

  async gone(abort: AbortSignal): Promise<void> {
    if (!(await this.#populated())) return;
    abort.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const end = (how: () => void): void => {
        stopNotices();
        abort.removeEventListener('abort', onAbort);
        how();
      };
      const onAbort = (): void => end(() => reject(abort.reason as Error));
      const look = (): void => {
        this.#populated().then(
          (populated) => {
            if (!populated) end(resolve);
          },
          (thrown: unknown) =>
            end(() => reject(thrown instanceof Error ? thrown : new Error(String(thrown)))),
        );
      };
      const stopNotices = this.#onNotice(look);
      abort.addEventListener('abort', onAbort);
      // What happened before the watch began sends no notice.
      look();
    });
  }

  /** The kernel's notices; only where inotify has no room left it is looked for. */
  #onNotice(notice: () => void): () => void {
    let polling: NodeJS.Timeout | undefined;
    const poll = (): void => {
      polling ??= setInterval(notice, POLL_MS);
    };
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(join(this.path, 'cgroup.events'), notice);
      watcher.on('error', poll);
    } catch {
      poll();
    }
    return () => {
      watcher?.close();
      clearInterval(polling);
    };
  }

  async remove(): Promise<boolean> {
    for (const group of (await this.#groups()).toReversed()) {
      try {
        await rmdir(group);
      } catch (thrown) {
        if (errnoOf(thrown) === 'EBUSY') return false;
        ignore(thrown, 'ENOENT');
      }
    }
    return true;
  }

  /** False where the kernel has no freezer: the file is missing before Linux 5.2. */
  async #setFrozen(frozen: boolean): Promise<boolean> {
    const path = join(this.path, 'cgroup.freeze');
    try {
      // Only what is there is written to: elsewhere than in a cgroup this would make a file.
      await access(path, constants.W_OK);
      await writeFile(path, frozen ? '1' : '0');
      return true;
    } catch (thrown) {
      ignore(thrown, 'ENOENT', 'EACCES', 'EPERM', 'ENODEV', 'EOPNOTSUPP', 'EINVAL');
      return false;
    }
  }

  async #populated(): Promise<boolean> {
    try {
      return /^populated 1$/m.test(await readFile(join(this.path, 'cgroup.events'), 'utf8'));
    } catch (thrown) {
      ignore(thrown, 'ENOENT', 'ENODEV');
      return false;
    }
  }

  /** This group and those below it, parents first. */
  async #groups(): Promise<string[]> {
    try {
      const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
      const below = entries
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name));
      return [this.path, ...below.toSorted()];
    } catch (thrown) {
      ignore(thrown, 'ENOENT', 'ENODEV');
      return [];
    }
  }

  async #processes(): Promise<ProcessId[]> {
    const found: ProcessId[] = [];
    for (const group of await this.#groups()) {
      try {
        for (const line of (await readFile(join(group, 'cgroup.procs'), 'utf8')).split('\n')) {
          const stat = line === '' ? undefined : readStat(Number(line));
          if (stat !== undefined && !stat.zombie) found.push(stat);
        }
      } catch (thrown) {
        ignore(thrown, 'ENOENT', 'ENODEV', 'EOPNOTSUPP');
      }
    }
    return found;
  }
}
