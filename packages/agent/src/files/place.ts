/** Where a path of a call is on this machine. Pure. */
import { isAbsolute, join, normalize } from 'node:path';
import { TuttiError } from '@tutti/protocol';

/**
 * `base`: where relative paths start; they stay below it, as beside it are files that a typing error must not reach. An
 * absolute path may be anywhere: what the agent's user may do is the bound.
 */
export function placeOf(path: string, base: string): string {
  if (isAbsolute(path)) return normalize(path);
  const below = normalize(path);
  if (below === '..' || below.startsWith('../'))
    throw new TuttiError(
      'PATH_ESCAPES',
      `"${path}" leads out of ${base}, where relative paths start; write an absolute one`,
    );
  return join(base, below);
}
