/** Makes the directory of a command, as a member's is made. */
import { symlink } from 'node:fs/promises';
import type { CommandSpec } from '@tutti/protocol';
import { HALF_MADE, makeWhole, writeScript } from '../members/directory.ts';
import { CommandLayout } from './command-layout.ts';

/** The kernel takes no longer word: what is longer is run from a file. */
const WORD_BYTES = 128 * 1024 - 1;

/** `start`: the directory it starts in. Throws `DISK_FULL`. */
export function makeCommandDirectory(
  dir: string,
  spec: CommandSpec,
  start: string,
  bootId: string,
): Promise<void> {
  return makeWhole(dir, new CommandLayout(dir + HALF_MADE), { spec, bootId }, async (half) => {
    await symlink(start, half.work);
    if (isLong(spec.command)) await writeScript(half.script, spec.command as string);
  });
}

/** The words that are run. */
export function wordsOf({ command }: CommandSpec, layout: CommandLayout): readonly string[] {
  if (typeof command !== 'string') return command;
  return isLong(command) ? ['/bin/sh', layout.script] : ['/bin/sh', '-c', command];
}

function isLong(command: CommandSpec['command']): boolean {
  return typeof command === 'string' && Buffer.byteLength(command) > WORD_BYTES;
}
