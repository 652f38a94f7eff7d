/** Which member is meant by a name, among those of one test. */
import { nearest, TuttiError } from '@tutti/protocol';
import type { MemberUnderWay } from '../runs/live-member.ts';
import type { Spot } from './spot.ts';

/** Names that are listed in a message. */
const LISTED = 8;

/** Throws `NO_SUCH_MEMBER`. */
export function memberNamed<M extends { readonly name: string }>(name: string, members: readonly M[]): M {
  const found = members.find((member) => member.name === name);
  if (found !== undefined) return found;
  const names = members.map((member) => member.name);
  const meant = nearest(name, names);
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  const hint =
    meant === undefined ? `there is ${names.slice(0, LISTED).join(', ')}${more}` : `did you mean ${meant}?`;
  throw new TuttiError('NO_SUCH_MEMBER', `the test has no member ${name}; ${hint}`);
}

export function spotOf(member: MemberUnderWay): Spot {
  const { machine, id, name, node, gone } = member;
  return { node: machine, of: id, words: `${name} on ${node}`, gone };
}
