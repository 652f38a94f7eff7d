/** The results of a test in run after run, what they come to, and how machines have fared of late. */
import { type CallParams, isOk, type NodeHealth, type TestResult } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

export type HistoryFilter = Omit<CallParams<'test.history'>, 'before'>;

/** At most `most`, the newest first. Throws `NO_SUCH_TEST`. */
export async function testHistory(
  client: MasterClient,
  filter: HistoryFilter,
  most: number,
): Promise<TestResult[]> {
  const all: TestResult[] = [];
  while (all.length < most) {
    const last = all.at(-1);
    const before = last && { run: last.run, index: last.index };
    const page = await client.call('test.history', { ...filter, ...(before ? { before } : {}) });
    // A corrected clock has fractions of a millisecond, which mean nothing.
    all.push(
      ...page.results.map(({ started, ...result }) => ({
        ...result,
        ...(started === undefined ? {} : { started: Math.round(started) }),
      })),
    );
    if (!page.more || page.results.length === 0) break;
  }
  return all.slice(0, most);
}

export interface HistorySummary {
  readonly results: number;
  /** Those that were run, not skipped. */
  readonly ran: number;
  readonly ok: number;
  /** Not ok at first, and ok when they were tried again. */
  readonly flaky: number;
  /** The worst first; `share`: of its members that did not end well. */
  readonly nodes: readonly {
    readonly node: string;
    readonly members: number;
    readonly notOk: number;
    readonly share: number;
  }[];
}

/** Pure. */
export function summariseHistory(results: readonly TestResult[]): HistorySummary {
  const ran = results.filter(({ attempts }) => attempts > 0);
  const ok = ran.filter(({ status }) => isOk(status));
  const nodes = new Map<string, { members: number; notOk: number }>();
  for (const { node, members, notOk } of ran.flatMap((result) => result.nodes)) {
    const sum = nodes.get(node) ?? { members: 0, notOk: 0 };
    nodes.set(node, { members: sum.members + members, notOk: sum.notOk + notOk });
  }
  return {
    results: results.length,
    ran: ran.length,
    ok: ok.length,
    flaky: ok.filter(({ attempts }) => attempts > 1).length,
    nodes: [...nodes]
      .map(([node, sum]) => ({ node, ...sum, share: sum.notOk / sum.members }))
      .toSorted((a, b) => b.share - a.share || b.notOk - a.notOk || a.node.localeCompare(b.node)),
  };
}

/** Of every machine the master knows, sorted by name. */
export async function nodesHealth(client: MasterClient): Promise<NodeHealth[]> {
  const all: NodeHealth[] = [];
  for (;;) {
    const after = all.at(-1)?.node;
    const { nodes, more } = await client.call('nodes.health', after === undefined ? {} : { after });
    all.push(...nodes);
    if (!more || nodes.length === 0) return all;
  }
}
