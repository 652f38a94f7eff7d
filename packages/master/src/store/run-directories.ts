/**
 * The directory that holds one directory per run: `<n>-<suite>/`, and `latest` pointing to the newest.
 *
 * Guarantees: a number is given once, also where several masters share the directory; a run that its master
 * did not live to end is closed as ERROR by the next one; a run of another living master is left alone.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, isProcess, makeDirectory, type ProcessIdentity, thisProcess } from '@tutti/link';
import { Report, TuttiError } from '@tutti/protocol';
import { parse } from 'yaml';
import { closeUnfinished } from '../reports/interrupted.ts';
import { ReportWriter } from '../reports/report-writer.ts';

/** Which master writes a run's report; gone when the run is finished. */
const OWNER = '.master';
const NUMBERED = /^(\d+)-/;

/** What is left of masters that died. */
export interface Interrupted {
  /** Directories whose report was RUNNING and now says how it ended. */
  readonly closed: readonly string[];
  /** Directories that could not be closed: tried again at the next start. */
  readonly failed: readonly { dir: string; error: unknown }[];
}

export class RunDirectories {
  readonly root: string;
  #pointing: Promise<void> = Promise.resolve();

  constructor(root: string) {
    this.root = root;
  }

  /** Makes the next run's directory and points `latest` at it. */
  async create(name: string): Promise<{ number: number; dir: string }> {
    await makeDirectory(this.root).catch((cause: unknown) => {
      throw new TuttiError(
        'STATE_NOT_WRITABLE',
        `the directory for results, ${this.root}, cannot be made: ${String(cause)}`,
        { cause },
      );
    });
    try {
      for (let number = (await this.#newest()) + 1; ; number += 1) {
        const dir = await this.#claim(number, name);
        if (dir === undefined) continue;
        await this.#pointLatest(number, dir);
        return { number, dir };
      }
    } catch (cause) {
      throw diskError(this.root, cause);
    }
  }

  /** The run's report is final. */
  async finished(dir: string): Promise<void> {
    await rm(join(dir, OWNER), { force: true });
  }

  /** The directory of a run whose report is final; undefined where there is none. */
  async find(number: number): Promise<string | undefined> {
    const names = await readdir(this.root).catch((): string[] => []);
    const name = names.find((each) => each.startsWith(`${number}-`));
    if (name === undefined) return undefined;
    const dir = join(this.root, name);
    const files = await readdir(dir).catch((): string[] => []);
    return files.includes(OWNER) ? undefined : dir;
  }

  /** Closes what masters that died have left RUNNING; `goOn`: runs that this master goes on with. */
  async closeInterrupted(goOn: ReadonlySet<string> = new Set()): Promise<Interrupted> {
    const closed: string[] = [];
    const failed: { dir: string; error: unknown }[] = [];
    for (const name of await readdir(this.root).catch((): string[] => [])) {
      const dir = join(this.root, name);
      if (!NUMBERED.test(name)) continue;
      if (goOn.has(dir)) await own(dir);
      if (!(await isOrphan(dir))) continue;
      try {
        if (await closeReport(dir)) closed.push(dir);
        await this.finished(dir);
      } catch (error) {
        failed.push({ dir, error });
      }
    }
    return { closed, failed };
  }

  async #newest(): Promise<number> {
    const names = await readdir(this.root);
    return names.reduce((newest, name) => Math.max(newest, Number(NUMBERED.exec(name)?.[1] ?? 0)), 0);
  }

  /** Undefined when somebody else has the number. */
  async #claim(number: number, name: string): Promise<string | undefined> {
    const claim = join(this.root, `.claim-${number}`);
    try {
      await (await open(claim, 'wx')).close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return undefined;
    }
    try {
      // Looked at again under the claim: another master may have made it and let its claim go.
      if ((await this.#newest()) >= number) return undefined;
      const dir = join(this.root, `${number}-${name}`);
      await mkdir(dir);
      await own(dir);
      return dir;
    } finally {
      await rm(claim, { force: true });
    }
  }

  /** A link is replaced by renaming a new one over it, so that `latest` always exists; it never goes back. */
  async #pointLatest(number: number, dir: string): Promise<void> {
    const pointing = this.#pointing.then(async () => {
      const latest = join(this.root, 'latest');
      const before = await readlink(latest).catch(() => '');
      if (Number(NUMBERED.exec(before)?.[1] ?? 0) > number) return;
      const fresh = join(this.root, `.latest-${randomBytes(4).toString('hex')}`);
      await symlink(dir.slice(this.root.length + 1), fresh);
      await rename(fresh, latest);
    });
    this.#pointing = pointing.catch(() => {});
    await pointing;
  }
}

/** As a whole: a master that starts just now must not take a half-written name for a dead one's. */
async function own(dir: string): Promise<void> {
  await writeFile(join(dir, `${OWNER}.new`), JSON.stringify(thisProcess()));
  await rename(join(dir, `${OWNER}.new`), join(dir, OWNER));
}

/** Its master is dead. Where nobody is named, the run is finished or somebody is just making it. */
async function isOrphan(dir: string): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(join(dir, OWNER), 'utf8');
  } catch {
    return false;
  }
  try {
    return !isProcess(JSON.parse(text) as ProcessIdentity);
  } catch {
    // Torn: its master died while it wrote it.
    return true;
  }
}

async function closeReport(dir: string): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(join(dir, 'report.yaml'), 'utf8');
  } catch {
    return false;
  }
  const report = Report.safeParse(parsed(text));
  if (!report.success || report.data.status !== 'RUNNING') return false;
  const writer = new ReportWriter({ directory: dir });
  writer.update(closeUnfinished(report.data, 'the master was restarted while the run was under way'));
  await writer.flush();
  return true;
}

/** What is no YAML is no report: there is nothing to close. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
