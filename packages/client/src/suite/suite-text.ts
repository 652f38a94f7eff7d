/** The text of a suite file or skip list, or a usage error: the name that was given is not that of one. */
import { readFile, stat } from 'node:fs/promises';
import { TuttiError } from '@tutti/protocol';

/** What a person writes by hand is far smaller; what somebody names by mistake is often far larger. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/** `shown` is the path as the person gave it. */
export async function readSuiteText(
  absolute: string,
  shown: string,
  kind: 'suite file' | 'skip list' = 'suite file',
): Promise<string> {
  const bytes = await readBytes(absolute, shown, kind);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TuttiError('USAGE', `${shown} is not a ${kind}: it is not UTF-8 text`, { cause });
  }
}

async function readBytes(absolute: string, shown: string, kind: string): Promise<Uint8Array> {
  try {
    const stats = await stat(absolute);
    // Reading a FIFO might never end.
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? `a directory; name the ${kind} in it` : 'not a file';
      throw new TuttiError('USAGE', `${shown} is ${what}`);
    }
    if (stats.size > LARGEST_BYTES) {
      throw new TuttiError('USAGE', `${shown} is larger than a ${kind} may be (4 MiB)`);
    }
    return await readFile(absolute);
  } catch (cause) {
    if (cause instanceof TuttiError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'there is no such file' : `it cannot be read: ${(cause as Error).message}`;
    throw new TuttiError('USAGE', `${kind} ${shown}: ${why}`, { cause });
  }
}
