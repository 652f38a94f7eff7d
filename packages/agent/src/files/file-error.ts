/** What a file system says no to, as an error for people. */
import { diskError } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import { errnoOf } from '../system/errno.ts';

const WHY: Record<string, string> = {
  EACCES: "the agent's user may not",
  EPERM: "the agent's user may not",
  EROFS: 'its file system is read-only',
  EISDIR: 'a directory is there',
  ENOTDIR: 'a part of the path is no directory',
  EEXIST: 'something else is there',
  ENOTEMPTY: 'a directory is there',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'a name in it is too long',
  ETXTBSY: 'it is a program that runs',
};

/** `doing`: "written", "read". `NO_SUCH_FILE`, `DISK_FULL` or `FILE_REFUSED`, naming the path and the machine. */
export function fileError(path: string, node: string, doing: string, thrown: unknown): TuttiError {
  if (thrown instanceof TuttiError) return thrown;
  const error = diskError(`${path} on ${node}`, thrown);
  if (error.code === 'DISK_FULL') return error;
  const errno = errnoOf(thrown);
  if (errno === undefined) return error;
  if (errno === 'ENOENT')
    return new TuttiError('NO_SUCH_FILE', `there is no ${path} on ${node}`, { cause: thrown });
  const why = WHY[errno] ?? (thrown as Error).message;
  return new TuttiError('FILE_REFUSED', `${path} on ${node} cannot be ${doing}: ${why}`, { cause: thrown });
}
