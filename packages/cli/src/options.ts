/** Options that commander leaves to us: repeated ones, and `key=value`. */
import { TuttiError } from '@tutti/protocol';

/** For an option that may be repeated. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** Splits at the first `=`. Throws `USAGE`. */
export function keyValue(text: string, option: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new TuttiError('USAGE', `${option} takes KEY=VALUE, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}
