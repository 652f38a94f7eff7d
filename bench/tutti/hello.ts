/** How the agents of a bench introduce themselves. */
import { type CallParams, PROTOCOL } from '@tutti/protocol';
import { agentId, FACTS, nodeName, SOFTWARE } from './names.ts';

type Hello = CallParams<'hello'>;

export interface Introduced {
  readonly index: number;
  readonly name?: string | undefined;
  readonly members?: Hello['members'] | undefined;
}

export function hello({ index, name, members }: Introduced): Hello {
  return {
    protocol: { ...PROTOCOL },
    software: SOFTWARE,
    agent: agentId(index),
    process: agentId(index),
    boot: 'bench',
    name: name ?? nodeName(index),
    labels: { rack: 'r1' },
    facts: FACTS,
    members: members ?? [],
    waits: [],
  };
}
