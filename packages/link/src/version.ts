/** The version check of `hello`: a different major is refused, a newer minor accepted. */
import { PROTOCOL, TuttiError } from '@tutti/protocol';

/** Throws `PROTOCOL_MISMATCH` naming the side to upgrade. */
export function checkVersion(theirs: { major: number; minor: number }, who: string): void {
  if (theirs.major === PROTOCOL.major) return;
  const [older, newer] = theirs.major < PROTOCOL.major ? [who, 'this master'] : ['this master', who];
  throw new TuttiError(
    'PROTOCOL_MISMATCH',
    `${who} speaks protocol ${theirs.major}.${theirs.minor}, this master ${PROTOCOL.major}.${PROTOCOL.minor}: upgrade ${older} (${newer} is newer)`,
  );
}
