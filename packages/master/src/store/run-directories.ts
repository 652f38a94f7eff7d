/**
 * The directory that holds one directory per run: `<n>-<suite>/`, and `latest` pointing to the newest.
 *
 * Guarantees: a number is given once, also where several masters share the directory; a run that its master
 * did not live to end is closed as ERROR by the next one; a run of another living master is left alone.
 */
import { mkdir, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isProcess, type ProcessIdentity, thisProcess } from '@tutti/link';
import { Report, TuttiError } from '@tutti/protocol';
import { parse } from 'yaml';
import { closeUnfinished } from '../reports/interrupted.ts';
import { ReportWriter } from '../reports/report-writer.ts';

/** Which master writes a run's report; gone when the run is finished. */
const OWNER = '.master';
const NUMBERED = /^(\d+)-/;

export class RunDirectories {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Makes the next run's directory and points `latest` at it. */
  async create(name: string): Promise<{ number: number; dir: string }> {
    await mkdir(this.root, { recursive: true }).catch((cause: unknown) => {
      throw new TuttiError(
        'STATE_NOT_WRITABLE',
        `the directory for results, ${this.root}, cannot be made: ${String(cause)}`,
        { cause },
      );
    });
    for (let number = (await this.#newest()) + 1; ; number += 1) {
      const dir = await this.#claim(number, name);
      if (dir === undefined) continue;
      await writeFile(join(dir, OWNER), JSON.stringify(await thisProcess()));
      await this.#pointLatest(dir);
      return { number, dir };
    }
  }

  /** The run's report is final. */
  async finished(dir: string): Promise<void> {
    await rm(join(dir, OWNER), { force: true });
  }

  /** Closes what masters that died have left RUNNING, and returns those directories. */
  async closeInterrupted(): Promise<string[]> {
    const closed: string[] = [];
    for (const name of await readdir(this.root).catch(() => [])) {
      const dir = join(this.root, name);
      if (!NUMBERED.test(name) || !(await this.#isOrphan(dir))) continue;
      if (await closeReport(dir)) closed.push(dir);
      await this.finished(dir);
    }
    return closed;
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
      return dir;
    } finally {
      await rm(claim, { force: true });
    }
  }

  /** A link is replaced by renaming a new one over it, so that `latest` always exists. */
  async #pointLatest(dir: string): Promise<void> {
    const fresh = join(this.root, `.latest-${process.pid}`);
    await rm(fresh, { force: true });
    await symlink(dir.slice(this.root.length + 1), fresh);
    await rename(fresh, join(this.root, 'latest'));
  }

  async #isOrphan(dir: string): Promise<boolean> {
    try {
      const owner = JSON.parse(await readFile(join(dir, OWNER), 'utf8')) as ProcessIdentity;
      return !(await isProcess(owner));
    } catch (error) {
      // A torn owner file is a master that died while it wrote it.
      return error instanceof SyntaxError;
    }
  }
}

async function closeReport(dir: string): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(join(dir, 'report.yaml'), 'utf8');
  } catch {
    return false;
  }
  const report = Report.safeParse(parse(text));
  if (!report.success || report.data.status !== 'RUNNING') return false;
  const writer = new ReportWriter({ directory: dir });
  writer.update(closeUnfinished(report.data, 'the master was restarted while the run was under way'));
  await writer.flush();
  return true;
}
