/** Options that commander leaves to us: repeated ones, and `key=value`. */
import { TuttiError } from '@tutti/protocol';

/** For an option that may be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Splits at the first `=`. Throws `USAGE`. */
export function keyValue(text: string, option: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new TuttiError('USAGE', `${option} takes KEY=VALUE, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** At least 1. Throws `USAGE`. */
export function wholeNumber(text: string, option: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new TuttiError('USAGE', `${option} takes a whole number of at least 1, not "${text}"`);
  return Number(text);
}
