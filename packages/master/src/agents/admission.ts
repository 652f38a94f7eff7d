/**
 * Whether an agent that says hello is let in, as a pure decision. (DESIGN: "Identity")
 *
 *   same id, same boot                          the newer connection supersedes
 *   same id, other boot, older one answers      a cloned image: refused
 *   same id, other boot, older one silent       the machine was rebooted: admitted
 *   other id, the name is connected or in use   refused, naming both
 *   other id, the name's agent is away, idle    the machine was set up anew: admitted in its place
 */
import { TuttiError } from '@tutti/protocol';

export interface Known {
  readonly agent: string;
  readonly name: string;
  readonly boot: string;
  readonly connected: boolean;
  /** A run holds it. */
  readonly held: boolean;
  readonly peer: string;
}

export interface Newcomer {
  readonly agent: string;
  readonly name: string;
  readonly boot: string;
  readonly peer: string;
}

export type Admission =
  | { decision: 'admit' }
  | { decision: 'refuse'; error: TuttiError }
  /** Ask the older session; if it answers, refuse with `error`. */
  | { decision: 'probe'; error: TuttiError };

export function admission(
  newcomer: Newcomer,
  sameAgent: Known | undefined,
  sameName: Known | undefined,
): Admission {
  if (sameName && sameName.agent !== newcomer.agent && (sameName.connected || sameName.held)) {
    const message =
      `the name "${newcomer.name}" is in use: agent ${short(sameName.agent)} at ${sameName.peer} has it, ` +
      `agent ${short(newcomer.agent)} at ${newcomer.peer} asks for it`;
    return { decision: 'refuse', error: new TuttiError('NAME_IN_USE', message) };
  }
  if (sameAgent?.connected && sameAgent.boot !== newcomer.boot) {
    const message = `agent ${short(newcomer.agent)} is alive twice: "${sameAgent.name}" at ${sameAgent.peer} and "${newcomer.name}" at ${newcomer.peer}`;
    return { decision: 'probe', error: new TuttiError('CLONED_IDENTITY', message) };
  }
  return { decision: 'admit' };
}

function short(id: string): string {
  return id.slice(0, 8);
}
