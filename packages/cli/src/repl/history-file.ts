/** Where what was typed is kept from session to session. */
import { mkdir, open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Lines. */
export const LONGEST_HISTORY = 2000;

export function historyPath(env: Record<string, string | undefined>): string {
  const { XDG_STATE_HOME, HOME } = env;
  return join(XDG_STATE_HOME || join(HOME || homedir(), '.local/state'), 'tutti/repl_history');
}

/** Makes it, for its owner alone: what was typed may hold secrets. Undefined when that cannot be. */
export async function openHistory(path: string): Promise<string | undefined> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await using file = await open(path, 'a', 0o600);
    // Also one that was there.
    await file.chmod(0o600);
    return path;
  } catch {
    return undefined;
  }
}
