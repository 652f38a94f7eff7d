/** The last thing a script said, for a sentence such as `exited with status 1 (last line: "bind: address in use")`. */
import { open } from 'node:fs/promises';
import { Masks } from '../secrets/masks.ts';

const TAIL_BYTES = 16 * 1024;
const MAX_CHARACTERS = 200;

/** The last line with something to read in it; bytes that are not UTF-8 and control characters do no harm. */
export function lastLineOf(tail: Uint8Array): string {
  const text = new TextDecoder().decode(tail);
  const lines = text.split(/[\r\n]+/);
  for (const line of lines.toReversed()) {
    const readable = line
      // Terminal colours and the like go as a whole, so that no "[31m" stays.
      .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, '')
      .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
      .trim();
    if (readable !== '') return shorten(readable);
  }
  return '';
}

function shorten(line: string): string {
  if (line.length <= MAX_CHARACTERS) return line;
  // Not through the middle of a character that takes two units.
  const cut = /[\ud800-\udbff]$/.test(line.slice(0, MAX_CHARACTERS - 1))
    ? MAX_CHARACTERS - 2
    : MAX_CHARACTERS - 1;
  return `${line.slice(0, cut)}…`;
}

/** Of the first of these files that has one, secrets masked; a file that cannot be read has none. */
export async function lastLine(paths: readonly string[], masks = new Masks([])): Promise<string> {
  for (const path of paths) {
    const tail = await readTail(path, masks).catch(() => new Uint8Array());
    const line = lastLineOf(tail);
    if (line !== '') return line;
  }
  return '';
}

async function readTail(path: string, masks: Masks): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const tail = buffer.subarray(0, bytesRead);
    masks.apply(tail);
    // It may begin in the middle of a secret.
    return size > length ? tail.subarray(Math.max(0, masks.longest - 1)) : tail;
  } finally {
    await file.close();
  }
}
