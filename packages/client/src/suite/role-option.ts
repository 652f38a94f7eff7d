/** `--role NAME[:COUNT]=SCRIPT`, with a driver `--role NAME[:COUNT]` too, taken apart. Pure: whether there is such a script is not asked here. */
import { Identifier, TuttiError } from '@tutti/protocol';

export const ROLE_FORM = 'write --role NAME=SCRIPT or --role NAME:COUNT=SCRIPT';

export interface RoleOption {
  /** What stands before the `=`. */
  readonly head: string;
  readonly name: string;
  readonly count: number;
  /** Absent: a driver says what happens there. */
  readonly run: string | undefined;
}

export function parseRoleOption(option: string, driven = false): RoleOption {
  const refuse = (why: string): never => {
    throw new TuttiError('USAGE', `--role ${option}: ${why}`);
  };
  const equals = option.indexOf('=');
  if (equals < 0 && !driven) refuse(`no "="; ${ROLE_FORM}`);
  const head = equals < 0 ? option : option.slice(0, equals);
  const run = equals < 0 ? undefined : option.slice(equals + 1);
  const [name = '', countText = '1', ...more] = head.split(':');
  const named = Identifier.safeParse(name);
  if (!named.success) refuse(`"${name}" is not a role's name: ${named.error.issues[0]?.message}`);
  const count = /^\d{1,6}$/.test(countText) ? Number(countText) : 0;
  if (more.length > 0 || count < 1 || count > 100_000) {
    refuse(`the count must be a whole number of at least 1; ${ROLE_FORM}`);
  }
  if (run?.trim() === '') refuse(`nothing to run; ${ROLE_FORM}`);
  if (run !== undefined && run.length > 262_144) {
    throw new TuttiError('USAGE', `--role ${head}: the script is longer than 262144 characters`);
  }
  return { head, name, count, run };
}
