/** A suite's name where nobody gave one, or one too long. */
import { basename, extname } from 'node:path';
import { LIMITS, type RoleSpec } from '@tutti/protocol';

/** What the protocol takes as a name: from a file's name it can have anything in it. */
export function fitName(name: string): string {
  const clean = name
    .replaceAll(/[\u0000-\u001f\u007f]/g, '')
    .slice(0, LIMITS.name.value)
    .toWellFormed();
  return clean === '' ? 'adhoc' : clean;
}

/** The base name of the driver, else of the first script that is a file. */
export function nameFromScripts(roles: readonly RoleSpec[]): string {
  for (const { script } of roles.toSorted((a, b) => Number(b.drives === true) - Number(a.drives === true))) {
    if (script.kind !== 'inline' && script.kind !== 'none')
      return fitName(basename(script.path, extname(script.path)));
  }
  return 'adhoc';
}
