/** The secret that every connection and every request carries: a bearer token, compared in the same time wherever it differs. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { TuttiError } from '@tutti/protocol';

/** Why who says so in its `authorization` header is not let in; undefined when it is. `who`: "the connection". */
export type Bearer = (authorization: string | undefined, who: string) => TuttiError | undefined;

export function bearer(secret: string): Bearer {
  const expected = digest(secret);
  return (authorization, who) => {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return new TuttiError('WRONG_TOKEN', `${who} carries no token`);
    if (timingSafeEqual(digest(token), expected)) return undefined;
    return new TuttiError('WRONG_TOKEN', `${who}'s token is not this master's`);
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
