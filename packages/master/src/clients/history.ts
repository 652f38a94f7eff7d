/** The results of a test, and the health of machines, as clients ask for them. */
import { type CallParams, type CallResult, nearest, TuttiError } from '@tutti/protocol';
import type { Registry } from '../agents/registry.ts';
import type { History } from '../store/history.ts';

/** With the causes and machines of all it stays well below a frame. */
const PAGE = 50;

/** Throws `NO_SUCH_TEST` when no run has ever had one of that name. */
export function testHistory(query: CallParams<'test.history'>, history: History): CallResult<'test.history'> {
  // One more than is shown says whether there are more.
  const found = history.of(query, PAGE + 1);
  if (found.length === 0 && query.before === undefined) requireKnown(query.test, history);
  return { results: found.slice(0, PAGE), more: found.length > PAGE };
}

function requireKnown(test: string, history: History): void {
  const names = history.testNames();
  if (names.includes(test)) return;
  const near = nearest(test, names);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new TuttiError('NO_SUCH_TEST', `no run of this master has had a test "${test}"${hint}`);
}

export function nodesHealth(
  after: string | undefined,
  registry: Pick<Registry, 'page'>,
  history: Pick<History, 'health'>,
): CallResult<'nodes.health'> {
  const { nodes, more } = registry.page(after);
  return { nodes: nodes.map(({ name }) => history.health(name)), more };
}
