/** A text without secrets: what stands in a report is read by more people than may have them. Pure. */

/** Each secret becomes asterisks; of one with several lines each longer line by itself as well. */
export function masked(text: string, secrets: readonly string[]): string {
  const patterns = secrets
    .flatMap((secret) => [secret, ...(secret.includes('\n') ? longLines(secret) : [])])
    .toSorted((a, b) => b.length - a.length);
  return patterns.reduce((left, pattern) => left.replaceAll(pattern, '*'.repeat(pattern.length)), text);
}

/** A shorter line says nothing, and is found everywhere. */
const LINE = 8;

function longLines(secret: string): string[] {
  return secret.split(/\r?\n/).filter((line) => line.length >= LINE);
}
