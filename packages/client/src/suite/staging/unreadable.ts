/** Failures of the file system as errors that say which file, why, and what to do. */
import { TuttiError } from '@tutti/protocol';

export function cannotRead(path: string, cause: unknown): TuttiError {
  if (cause instanceof TuttiError) return cause;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT') {
    return new TuttiError('DIGEST_MISMATCH', `${path} vanished while the suite was being read; run again`, {
      cause,
    });
  }
  const why =
    code === 'EACCES' || code === 'EPERM'
      ? 'permission denied'
      : cause instanceof Error
        ? cause.message
        : String(cause);
  return new TuttiError(
    'SUITE_INVALID',
    `cannot read ${path}: ${why}; change its mode, or list it in .tuttiignore if the tests do not need it`,
    { cause, details: { path } },
  );
}
