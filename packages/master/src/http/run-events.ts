/**
 * A run as server-sent events: all of it as it is, then what changes, until it is finished.
 *
 * What changed is only noted; its state is read when it can be sent. So a reader that is slow costs a note for each test, and
 * sees the newest. The head comes last: who sees a run finished has seen all its tests.
 */
import type { Clock } from '@tutti/link';
import type { Run } from '../runs/model.ts';
import type { RunListener } from '../runs/run-deps.ts';
import { runHead, testView } from '../runs/view.ts';

/** The id of the last event: who says that it had it is told nothing more. */
export const FINISHED = 'finished';

/** Something comes so often, so that both ends see that the other is there. */
const SIGN_OF_LIFE_MS = 15_000;
/** How soon a client comes back that has lost its connection. */
const RETRY_MS = 1000;
/** Tests in one piece. */
const TOGETHER = 50;

export interface RunEventsOptions {
  readonly run: Run;
  /** Tells of changes, until the returned function is called. */
  readonly watch: (listener: RunListener) => () => void;
  readonly clock: Pick<Clock, 'after'>;
  readonly signal: AbortSignal;
}

export async function* runEvents({
  run,
  watch,
  clock,
  signal,
}: RunEventsOptions): AsyncGenerator<Uint8Array> {
  const changed = new Set<number>(run.tests.keys());
  let headChanged = true;
  let news = Promise.withResolvers<void>();
  const wake = () => news.resolve();
  const stop = watch(({ tests }) => {
    for (const index of tests) changed.add(index);
    headChanged = true;
    wake();
  });
  signal.addEventListener('abort', wake, { once: true });
  try {
    yield Buffer.from(`retry: ${RETRY_MS}\n\n`);
    while (!signal.aborted) {
      // Made before it is looked: what comes later wakes.
      news = Promise.withResolvers<void>();
      const tests = take(changed);
      if (tests.length > 0) {
        yield Buffer.from(tests.map((index) => testEvent(run, index)).join(''));
        continue;
      }
      if (headChanged) {
        headChanged = false;
        // What is said now is what it is now.
        const head = runHead(run);
        const isLast = head.phase === 'finished';
        yield event('run.changed', head, isLast ? FINISHED : undefined);
        if (isLast) return;
        continue;
      }
      let silent = false;
      const cancel = clock.after(SIGN_OF_LIFE_MS, () => {
        silent = true;
        wake();
      });
      await news.promise;
      cancel();
      if (silent) yield Buffer.from(':\n\n');
    }
  } finally {
    stop();
  }
}

function take(changed: Set<number>): number[] {
  const taken = [...changed.values().take(TOGETHER)];
  for (const index of taken) changed.delete(index);
  return taken;
}

function testEvent(run: Run, index: number): string {
  const test = run.tests[index];
  return test === undefined
    ? ''
    : eventText('test.changed', { run: run.number, index, test: testView(test) });
}

function event(name: string, data: unknown, id?: string): Buffer {
  return Buffer.from(eventText(name, data, id));
}

/** JSON has no line ends, so it is one line of data. */
function eventText(name: string, data: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
