/** What a YAML block or comments say of a test that is not ok, in a few words. Pure. */
import { parseDocument } from 'yaml';

/** Characters of a block that are kept. */
export const BLOCK = 4096;

/** `message` or `error` of the block, else all of it. */
export function messageOf(block: readonly string[]): string {
  const text = dedented(block);
  return (fieldOf(text) ?? text).trim();
}

function fieldOf(text: string): string | undefined {
  try {
    const document = parseDocument(text, { logLevel: 'silent' });
    if (document.errors.length > 0) return undefined;
    // Its default bounds what aliases can become.
    const value: unknown = document.toJS();
    if (typeof value !== 'object' || value === null) return undefined;
    const { message, error } = value as Record<string, unknown>;
    return [message, error].find((field) => typeof field === 'string' && field.trim() !== '') as
      | string
      | undefined;
  } catch {
    return undefined;
  }
}

function dedented(lines: readonly string[]): string {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const indent = indents.length === 0 ? 0 : Math.min(...indents);
  return lines.map((line) => line.slice(indent)).join('\n');
}
