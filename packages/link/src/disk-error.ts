/** A failed write as an error for people: a full disk is not a defect. */
import { TuttiError } from '@tutti/protocol';

/** `DISK_FULL` naming the path where that is the reason; anything else comes back as `TuttiError.from` makes it. */
export function diskError(path: string, thrown: unknown): TuttiError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return TuttiError.from(thrown);
  const what = code === 'EDQUOT' ? 'the quota is used up' : 'no space is left on the disk';
  return new TuttiError('DISK_FULL', `${path} cannot be written: ${what}`, { cause: thrown });
}
