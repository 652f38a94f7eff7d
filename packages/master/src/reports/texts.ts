/** Texts of a report that somebody else's program reads: bounded, whatever a script or a suite put into them. */

/** At most `limit` characters, never half a surrogate pair, and it says what is not there. */
export function bounded(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = /[\ud800-\udbff]$/.test(text.slice(0, limit)) ? 1 : 0;
  const kept = text.slice(0, limit - half);
  return `${kept}… (${text.length - kept.length} more characters)`;
}

/** `1 test`, `2 tests` */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
