/** A temporary folder with the given files for one test; scripts (`.sh`) come executable. Gone when the test is. */
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { onTestFinished } from 'vitest';
import { type LoadedSuite, loadSuite, type SuiteOptions } from '../../src/suite/index.ts';

export const SCRIPT = '#!/bin/sh\ntrue\n';

export async function suiteFolder(files: Record<string, string>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'suite-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
    await chmod(join(folder, path), path.endsWith('.sh') ? 0o755 : 0o644);
  }
  return folder;
}

export function options(cwd: string, more: Partial<SuiteOptions> = {}): SuiteOptions {
  return {
    params: {},
    only: [],
    skip: [],
    tags: [],
    skipLists: [],
    files: [],
    big: false,
    untilFail: false,
    failFast: false,
    cwd,
    ...more,
  };
}

/** Loads `text` as suite.yaml, beside a runnable `a.sh` and `b.sh`. */
export async function loadText(text: string, more: Partial<SuiteOptions> = {}): Promise<LoadedSuite> {
  const folder = await suiteFolder({ 'suite.yaml': text, 'a.sh': SCRIPT, 'b.sh': SCRIPT });
  return loadSuite('suite.yaml', options(folder, more));
}

/** What it fails with; the text first, the code apart, since messages contain line breaks. */
export async function failure(work: Promise<unknown>): Promise<TuttiError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof TuttiError) return thrown;
  throw new Error('no TuttiError', { cause: thrown });
}
