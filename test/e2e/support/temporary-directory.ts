/** A test's own place for everything, gone when the test has ended together with every process that carries its name. */
import { mkdtemp, rm } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import { endProcessesWith } from './processes.ts';

/** Its path is short, as sockets have to fit below it. */
export async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp('/tmp/tutti-e2e-');
  onTestFinished(async () => {
    await endProcessesWith(dir);
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  });
  return dir;
}
