/** The end of a file, as bytes. One that is not there is empty: nothing was written. */
import { open } from 'node:fs/promises';

export async function readTail(path: string, most: number): Promise<{ size: number; bytes: Buffer }> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, most));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
    return { size, bytes: bytes.subarray(0, bytesRead) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { size: 0, bytes: Buffer.alloc(0) };
    throw error;
  }
}
