/** When a role begins that starts after another one. Pure. */
import { STARTED_MARK } from '@tutti/protocol';

/** A member of the role that others wait for. */
export interface Awaited {
  readonly name: string;
  readonly node: string;
  /** It has said that they may start. */
  readonly started: boolean;
  /** How it ended, in words that complete "server.0 on n1 …", once nothing it said can still be on its way. */
  readonly ended: string | undefined;
}

export type StartRule =
  | { readonly rule: 'start' }
  | { readonly rule: 'wait'; readonly missing: readonly string[] }
  | { readonly rule: 'never'; readonly cause: string; readonly because: string };

/** `after`: the role of those that are awaited. */
export function startRule(after: string, awaited: readonly Awaited[]): StartRule {
  const silent = awaited.filter(({ started }) => !started);
  if (silent.length === 0) return { rule: 'start' };
  const culprit = silent.find(({ ended }) => ended !== undefined);
  if (culprit === undefined)
    return { rule: 'wait', missing: silent.map(({ name, node }) => `${name} on ${node}`) };
  const { name, node, ended } = culprit;
  return {
    rule: 'never',
    cause: `was never started: it starts after ${after}, and ${name} on ${node} ${ended} without saying \`tutti mark ${STARTED_MARK}\``,
    because: name,
  };
}
