/** How a command ended, with the end of what it wrote, from what is kept of it. */
import { diskError } from '@tutti/link';
import { type CommandEnd, LIMITS, TuttiError } from '@tutti/protocol';
import type { CommandRun } from '../runs/model.ts';
import { readTail } from './read-tail.ts';

/** `dir`: absolute; `words`: what the command is called. Throws `NODE_LOST` for one that nobody saw end. */
export async function commandEnd({ end, lost }: CommandRun, dir: string, words: string): Promise<CommandEnd> {
  if (lost !== undefined || end === undefined)
    throw new TuttiError('NODE_LOST', `${words} ${lost ?? 'has not ended'}`);
  const { exit, stopped, duration } = end;
  const [stdout, stderr] = await Promise.all([outputOf(`${dir}/stdout.log`), outputOf(`${dir}/stderr.log`)]);
  return { exit, ...(stopped === undefined ? {} : { stopped }), duration, stdout, stderr };
}

async function outputOf(path: string): Promise<CommandEnd['stdout']> {
  try {
    const { size, bytes } = await readTail(path, LIMITS.commandOutput.value);
    return { size, tail: bytes.toString('base64') };
  } catch (error) {
    throw diskError(path, error);
  }
}
