/** Failures of the file system: which one it was. */

export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** What a `catch` does with an error that is an expected answer: swallows these codes, throws the rest. */
export function ignore(thrown: unknown, ...codes: string[]): void {
  if (!codes.includes(errnoOf(thrown) ?? '')) throw thrown;
}
