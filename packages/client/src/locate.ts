/**
 * Which master a command means and which secret opens it.
 *
 * The master: `--master`, else `TUTTI_MASTER`, else a living one in the default state directory.
 * The token: `--token-file`, else `TUTTI_TOKEN`, else `TUTTI_TOKEN_FILE`, else `admin.token` of the default
 * state directory. Secrets are never arguments: those are for everybody on the machine to see.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultStateDirectory } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

export interface Environment {
  env: Record<string, string | undefined>;
  uid: number | undefined;
}

/** Where a daemon keeps its state when nobody says otherwise. */
export function defaultState(daemon: 'master' | 'agent', { env, uid }: Environment): string {
  return defaultStateDirectory(daemon, env, uid);
}

/** The URL. Throws `NO_MASTER`. */
export function locateMaster(flag: string | undefined, { env, uid }: Environment): string {
  const named = flag ?? (env['TUTTI_MASTER'] || undefined);
  if (named !== undefined) return named;
  const state = defaultStateDirectory('master', env, uid);
  const living = livingMaster(state);
  if (living !== undefined) return living;
  throw new TuttiError('NO_MASTER', `no master was named, and none is alive in ${state}`);
}

/** Throws `WRONG_TOKEN` when a file that was named cannot be read; undefined when there is none at all. */
export function locateToken(file: string | undefined, { env, uid }: Environment): string | undefined {
  if (file !== undefined) return readToken(file);
  if (env['TUTTI_TOKEN']) return env['TUTTI_TOKEN'];
  if (env['TUTTI_TOKEN_FILE']) return readToken(env['TUTTI_TOKEN_FILE']);
  try {
    return readToken(join(defaultStateDirectory('master', env, uid), 'admin.token'));
  } catch {
    return undefined;
  }
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new TuttiError(
      'WRONG_TOKEN',
      `the token file ${path} cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function livingMaster(state: string): string | undefined {
  try {
    const { url, pid } = JSON.parse(readFileSync(join(state, 'master.json'), 'utf8')) as {
      url: unknown;
      pid: unknown;
    };
    return typeof url === 'string' && isAlive(pid) ? url : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: unknown): boolean {
  // To kill(2), 0 and negative numbers are groups of processes.
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
