/** Which shell a person gets. */
import { access, constants } from 'node:fs/promises';
import { basename } from 'node:path';
import { TuttiError } from '@tutti/protocol';

/** What stands in the user database for those who are not to log in. */
const NO_SHELLS = new Set(['nologin', 'false', 'true', 'sync']);

const PLAIN = '/bin/sh';

/**
 * The words that start it. `ofMember`: it keeps the environment that it is given; else it is a login shell, which reads the
 * user's own. Throws `NO_TERMINAL` where there is none.
 */
export async function shellOf(shell: string, ofMember: boolean): Promise<readonly string[]> {
  for (const file of NO_SHELLS.has(basename(shell)) ? [PLAIN] : [shell, PLAIN]) {
    if (await isRunnable(file)) return ofMember ? [file] : [file, '-l'];
  }
  throw new TuttiError('NO_TERMINAL', `there is no shell here: neither ${shell} nor ${PLAIN} can be run`);
}

async function isRunnable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
