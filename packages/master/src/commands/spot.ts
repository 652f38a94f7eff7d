/** A machine that something is done on, and as what. */
import type { Node } from '../agents/node.ts';

export interface Spot {
  readonly node: Node;
  /** The member in whose `work/` relative paths start; absent: the home directory of the agent's user. */
  readonly of?: string;
  /** `db.0 on n1` */
  readonly words: string;
  /** Nothing on it can be had any more. */
  readonly gone: AbortSignal;
}
