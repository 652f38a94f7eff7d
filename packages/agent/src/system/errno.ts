/** Failures of the file system: which one it was, and what a person is told. */
import { TuttiError } from '@tutti/protocol';

export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** What a `catch` does with an error that is an expected answer: swallows these codes, throws the rest. */
export function ignore(thrown: unknown, ...codes: string[]): void {
  if (!codes.includes(errnoOf(thrown) ?? '')) throw thrown;
}

/** A full disk gets its own code and names the path; everything else passes through. */
export function naming(thrown: unknown, path: string): unknown {
  const code = errnoOf(thrown);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return thrown;
  const what = code === 'EDQUOT' ? 'the quota is used up' : 'no space is left on the disk';
  return new TuttiError('DISK_FULL', `${path} cannot be written: ${what}`, { cause: thrown });
}
