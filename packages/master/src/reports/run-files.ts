/**
 * What members left in the run directory, for the report that people look at: which logs there are, the last words of
 * those that are not ok, and which artifacts.
 *
 * Each member's directory is looked at once, when its test is over and nothing is written there any more. Bounds:
 * `TAIL` bytes and `LINES` lines of a log, `TAILS` bytes of all logs together (the first tests that fail have them),
 * `ARTIFACTS` names a member. What cannot be read is not there.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isOk, type Report, type ReportCommand, type ReportMember } from '@tutti/protocol';
import { tailOf } from './log-tail.ts';

const TAIL = 16 * 1024;
const TAILS = 8 * 1024 * 1024;
const LINES = 200;
const ARTIFACTS = 100;
const OUT = 'out';

export interface MemberFiles {
  readonly logs: readonly LogFile[];
  readonly artifacts: readonly Artifact[];
  readonly artifactsOmitted: number;
}

export interface LogFile {
  readonly name: string;
  readonly size: number;
  /** Its last lines. */
  readonly tail?: string;
  /** There is more before these. */
  readonly cut?: boolean;
}

export interface Artifact {
  /** Below the member's directory. */
  readonly path: string;
  readonly size: number;
}

/** By the directory of the member, as the report names it. */
export type FilesOf = (dir: string) => MemberFiles | undefined;

export class RunFiles {
  readonly #directory: string;
  readonly #found = new Map<string, MemberFiles>();
  #tailsLeft = TAILS;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Looks at what is new: the members of tests that have ended. Never rejects. */
  async collect({ setup, tests, teardown }: Report): Promise<FilesOf> {
    for (const test of [setup, ...tests, teardown]) {
      if (test === undefined || test.status === 'RUNNING') continue;
      for (const member of test.attempts.flatMap(({ members }) => members)) {
        if (this.#found.has(member.dir) || !isBelow(member.dir)) continue;
        this.#found.set(member.dir, await this.#filesOf(member));
      }
      for (const command of test.attempts.flatMap(({ commands = [] }) => commands))
        if (!this.#found.has(command.dir)) await this.#commandFiles(command);
    }
    return (dir) => this.#found.get(dir);
  }

  /** What it printed last, whatever became of it: it is what its driver saw. */
  async #commandFiles({ dir }: ReportCommand): Promise<void> {
    if (!isBelow(dir)) return;
    const logs: LogFile[] = [];
    for (const name of ['stdout.log', 'stderr.log']) {
      const log = await this.#log(join(this.#directory, dir, name), name, true);
      if (log) logs.push(log);
    }
    this.#found.set(dir, { logs, artifacts: [], artifactsOmitted: 0 });
  }

  async #filesOf({ dir, status }: ReportMember): Promise<MemberFiles> {
    const path = join(this.#directory, dir);
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    const bad = status !== 'RUNNING' && !isOk(status);
    const names = entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.log'))
      .map(({ name }) => name);
    const logs: LogFile[] = [];
    for (const name of names.toSorted()) {
      const log = await this.#log(join(path, name), name, bad && name !== 'events.log');
      if (log) logs.push(log);
    }
    const hasOut = entries.some((entry) => entry.isDirectory() && entry.name === OUT);
    return { logs, ...(hasOut ? await artifactsOf(path) : { artifacts: [], artifactsOmitted: 0 }) };
  }

  async #log(path: string, name: string, withTail: boolean): Promise<LogFile | undefined> {
    try {
      const { size } = await stat(path);
      const length = Math.min(size, TAIL);
      if (!withTail || length === 0 || length > this.#tailsLeft) return { name, size };
      this.#tailsLeft -= length;
      return { name, size, ...tailOf(await lastBytes(path, size, length), size - length, LINES) };
    } catch {
      return undefined;
    }
  }
}

async function lastBytes(path: string, size: number, length: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Not by `readdir`'s own recursion: that goes through links, in circles where they lead. */
async function artifactsOf(member: string): Promise<Pick<MemberFiles, 'artifacts' | 'artifactsOmitted'>> {
  const artifacts: Artifact[] = [];
  let omitted = 0;
  const folders = [OUT];
  for (const folder of folders) {
    const entries = await readdir(join(member, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (artifacts.length === ARTIFACTS) omitted += 1;
      else if (entry.isFile()) {
        const size = await stat(join(member, path)).then(
          ({ size: bytes }) => bytes,
          () => 0,
        );
        artifacts.push({ path, size });
      }
    }
  }
  return { artifacts, artifactsOmitted: omitted };
}

/** A report is data, also one from elsewhere: its paths are not to lead out of the run directory. */
export function isBelow(path: string): boolean {
  return (
    path !== '' && !path.startsWith('/') && path.split('/').every((part) => part !== '..' && part !== '')
  );
}
