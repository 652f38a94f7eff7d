/** Makes the directory of a command: whole, or not at all, as a member's. */
import { mkdir, open, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, replaceFile, syncDirectory } from '@tutti/link';
import { CommandSpec } from '@tutti/protocol';
import { HALF_MADE } from '../members/directory.ts';
import { WRAPPER } from '../members/wrapper.ts';
import { makeFifos } from '../system/fifo.ts';
import { removeTree } from '../system/remove-tree.ts';
import { CommandLayout } from './command-layout.ts';

/** The kernel takes no longer word: what is longer is run from a file. */
const WORD_BYTES = 128 * 1024 - 1;

/** `start`: the directory it starts in. Throws `DISK_FULL`. */
export async function makeCommandDirectory(
  dir: string,
  spec: CommandSpec,
  start: string,
  bootId: string,
): Promise<void> {
  const half = new CommandLayout(dir + HALF_MADE);
  try {
    await removeTree(half.dir);
    await mkdir(half.dir, { mode: 0o755 });
    await symlink(start, half.work);
    await writeFile(half.made, bootId);
    await writeFile(half.wrapper, WRAPPER);
    if (isLong(spec.command)) await writePrivate(half.script, spec.command as string);
    // They exist from the start: a full disk then cannot keep a relay from opening its own.
    for (const source of half.sources) await writeFile(half.log(source), '');
    await makeFifos([...half.pipes, half.alive, half.drained]);
    // Durable: an agent that starts after a crash of the machine has to know whose directory it is.
    await replaceFile(half.spec, JSON.stringify(spec), 0o600);
    await rename(half.dir, dir);
    await syncDirectory(dirname(dir));
  } catch (thrown) {
    await removeTree(half.dir);
    throw diskError(dir, thrown);
  }
}

/** The words that are run. */
export function wordsOf({ command }: CommandSpec, layout: CommandLayout): readonly string[] {
  if (typeof command !== 'string') return command;
  return isLong(command) ? ['/bin/sh', layout.script] : ['/bin/sh', '-c', command];
}

/** Undefined when what is there cannot be read as the spec of a command, as after a loss of power. */
export async function readCommandSpec(layout: CommandLayout): Promise<CommandSpec | undefined> {
  try {
    const parsed = CommandSpec.safeParse(JSON.parse(await readFile(layout.spec, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function isLong(command: CommandSpec['command']): boolean {
  return typeof command === 'string' && Buffer.byteLength(command) > WORD_BYTES;
}

async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o700);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}
