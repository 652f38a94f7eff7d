/** How fast a file grows to a size, seen from outside: from when its first bytes are there. */
import { statSync } from 'node:fs';
import { until } from './until.ts';

/** Bytes a second. `file` may not exist yet, and its name may not be known yet. */
export async function growth(file: () => string | undefined, size: number, seconds: number): Promise<number> {
  const look = () => {
    const path = file();
    return path === undefined ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  };
  const first = await until('the first output', seconds, () => look() || undefined, 1);
  const began = performance.now();
  await until(`${size} bytes of output`, seconds, () => look() >= size, 1);
  return ((size - first) * 1000) / (performance.now() - began);
}
