/** A directory of a test's own, gone when the test is. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tutti-master-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
