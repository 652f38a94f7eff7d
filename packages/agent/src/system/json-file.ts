/** Small files of JSON that a crash may have torn: what cannot be read is as good as absent. */
import { readFileSync } from 'node:fs';

/** The object in it. */
export function readObject(path: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
