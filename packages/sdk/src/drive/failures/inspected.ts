/** Values and texts as they are shown. `node:util` is loaded only then: an import of it would be paid by every script. */
import type { InspectOptions } from 'node:util';

export function inspected(value: unknown, options: InspectOptions = {}): string {
  return process.getBuiltinModule('node:util').inspect(value, options);
}

export function withoutColours(text: string): string {
  return process.getBuiltinModule('node:util').stripVTControlCharacters(text);
}
