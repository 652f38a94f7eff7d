/** What an agent says of a member or a command when it connects. */
import type { MemberPresence } from '@tutti/protocol';
import type { Command } from '../commands/command.ts';
import type { Member } from './member.ts';

export function presenceOf({ spec, state, layout }: Member | Command): MemberPresence {
  return {
    member: spec.member,
    master: spec.master,
    state: state.at === 'prepared' || state.at === 'ended' ? state.at : 'running',
    incarnation: layout.n,
  };
}

export function rebootOf({
  rebooting,
  unanswered,
}: Member): Pick<MemberPresence, 'rebooting' | 'unanswered'> {
  return {
    ...(rebooting === undefined ? {} : { rebooting }),
    ...(unanswered.length === 0 ? {} : { unanswered }),
  };
}
