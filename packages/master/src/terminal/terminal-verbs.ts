/**
 * Terminals on machines, for drivers, operators and programs. The master passes on what is asked, and keeps nothing: so a terminal
 * goes on when the master was started anew, and its agent alone knows whether anybody is there.
 */
import type { NodeArgs, NodeResult, terminalVerbs } from '@tutti/protocol';
import type { Spot } from '../commands/spot.ts';

export type TerminalVerb = keyof typeof terminalVerbs;

export interface TerminalAsked<V extends TerminalVerb> {
  /** What the terminal is called that this request opens. */
  readonly id: string;
  readonly args: NodeArgs<V>;
  readonly signal: AbortSignal;
}

export type OnTerminals = {
  readonly [V in TerminalVerb]: (spot: Spot, asked: TerminalAsked<V>) => Promise<NodeResult<V>>;
};

export const onTerminals: OnTerminals = {
  open: async ({ node, of, gone }, { id, args, signal }) => {
    const spec = { ...args, terminal: id, node: node.name, ...(of === undefined ? {} : { of }) };
    await node.call('terminal.open', { spec }, AbortSignal.any([signal, gone]));
    return { terminal: id };
  },
  read: ({ node, gone }, { args, signal }) =>
    node.call('terminal.read', args, AbortSignal.any([signal, gone])),
  write: ({ node, gone }, { args, signal }) =>
    node.call('terminal.write', args, AbortSignal.any([signal, gone])),
  resize: ({ node, gone }, { args, signal }) =>
    node.call('terminal.resize', args, AbortSignal.any([signal, gone])),
  attend: ({ node, gone }, { args, signal }) =>
    node.call('terminal.attend', args, AbortSignal.any([signal, gone])),
  close: ({ node, gone }, { args, signal }) =>
    node.call('terminal.close', args, AbortSignal.any([signal, gone])),
};
