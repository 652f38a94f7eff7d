/**
 * Tests of a driver: each runs when those before it are over, and when all are the process ends with what they came to: 0 passed,
 * 1 failed, 77 all skipped, 99 the lab broke. After that last one no further test is begun.
 *
 *     test('a', …) ──▶ runs at once ──▶ told on stderr, if it did not pass
 *     test('b', …) ──▶ runs next … ──▶ the file has been read to its end, nothing is left to run: exit
 *
 * A file's only test, without steps, is no subtest: it is what the report calls the test. As long as it may still be the only one
 * what it came to is kept back.
 */
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { TuttiError } from '../errors.ts';
import { type Context, contextOf } from './context.ts';
import { type Outcome, outcomeOf } from './failures/classify.ts';
import { sentence } from './failures/present.ts';
import { catchUncaught, endWith, leave, tell } from './failures/uncaught.ts';
import { report, whereabouts, within } from './step.ts';
import { begin, end, type UnderWay, underWay } from './under-way.ts';

/** Frames of the SDK and of Node.js are left out where a stack is shown; there must be some left. */
const FRAMES = 50;

/** What a test has to clear up after it was cut short. */
const CLEARING_SECONDS = 5;

const outcomes: Outcome[] = [];
/** Failures of tests. */
const told = new Set<unknown>();
let chain: Promise<void> = Promise.resolve();
let waiting = 0;
let heldBack: (() => Promise<void>) | undefined;

/**
 * Declares a test; it runs when those declared before are over. Can be awaited: that never rejects, as a test that failed is told
 * and counted here.
 */
export function test<R extends string = string>(
  name: string,
  work: (context: Context<R>) => unknown,
): PromiseLike<void> {
  const [outer] = whereabouts();
  if (outer !== undefined)
    throw new TuttiError('USAGE', `test "${name}" in test "${outer}": a part of a test is a step`);
  if (waiting === 0 && outcomes.length === 0) prepare();
  waiting += 1;
  const done = chain.then(async () => runOne(name, work));
  chain = done.then(async () => {
    waiting -= 1;
    if (waiting === 0) void finish();
  });
  return done;
}

function prepare(): void {
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, FRAMES);
  catchUncaught((error) => {
    const running = underWay();
    // What a test left waiting when it ended was withdrawn, or shares its failure: nobody has to catch that.
    if (isWithdrawal(error) || told.has(error)) return;
    if (running === undefined) endWith('', error);
    running.abort.abort(error);
  });
}

async function runOne(name: string, work: (context: Context) => unknown): Promise<void> {
  if (outcomes.length === 1) await release();
  if (outcomes.includes('error')) {
    await report([name], 'skip', 0, new Error('not run, as the lab broke before it'));
    return;
  }
  const running = begin(name);
  const error = await failureIn(running, work);
  const duration = (performance.now() - running.began) / 1000;
  const outcome = error === undefined ? 'pass' : outcomeOf(error.thrown);
  running.abort.abort(new Withdrawal());
  outcomes.push(outcome);
  if (error !== undefined) told.add(error.thrown);
  if (outcome === 'fail' || outcome === 'error') tell(name, error?.thrown);
  if (outcome === 'skip') process.stderr.write(`${sentence(`${name}: skipped`, error?.thrown)}\n`);
  const say = (): Promise<void> => report([name], outcome, duration, error?.thrown);
  end();
  if (running.hasSteps || waiting > 1 || outcomes.length > 1) await say();
  else heldBack = say;
}

async function release(): Promise<void> {
  const say = heldBack;
  heldBack = undefined;
  await say?.();
}

/** What was thrown first: by the test, by what it was always to hold, or by nobody's code in particular. */
async function failureIn(
  running: UnderWay,
  work: (context: Context) => unknown,
): Promise<{ thrown: unknown } | undefined> {
  const { signal } = running.abort;
  const cut = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => cut.resolve());
  const working = within([running.name], async () => work(contextOf(running)));
  let thrown: { thrown: unknown } | undefined;
  const settled = working.then(
    () => {},
    (error: unknown) => {
      thrown = { thrown: error };
    },
  );
  await Promise.race([settled, cut.promise]);
  if (!signal.aborted && thrown === undefined) thrown = await finalLooks(running);
  if (!signal.aborted) return thrown;
  // It has failed already; what it throws now comes of being cut short.
  const reason: unknown = signal.reason;
  await Promise.race([settled, unreffed(CLEARING_SECONDS)]);
  return { thrown: reason };
}

async function finalLooks(running: UnderWay): Promise<{ thrown: unknown } | undefined> {
  const looks = await Promise.allSettled([...running.watches].map((watch) => watch.finish()));
  const broken = looks.find((look) => look.status === 'rejected');
  return broken && { thrown: broken.reason };
}

async function unreffed(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());
}

/** Why calls are withdrawn that a test has left behind. */
class Withdrawal extends Error {}

function isWithdrawal(error: unknown): boolean {
  if (!(error instanceof TuttiError) || error.code !== 'CANCELLED') return false;
  return error.cause instanceof Withdrawal || told.has(error.cause);
}

/** A file may await something between two tests: only when it has been read to its end is no further one to come. */
async function finish(): Promise<void> {
  await mainRead();
  if (waiting > 0) return;
  // Whatever a test has left open must not keep the driver alive.
  leave(outcomes);
}

let mainIsRead: Promise<void> | undefined;

async function mainRead(): Promise<void> {
  // A CommonJS module is read in one go.
  const { mainModule } = process as { mainModule?: unknown };
  const [, main] = process.argv;
  if (mainModule !== undefined || main === undefined) return;
  // The module that runs, not another one: an import of what is being evaluated resolves when that is done.
  mainIsRead ??= import(pathToFileURL(realpathSync(main)).href).then(
    () => {},
    () => {}, // told by who catches the uncaught
  );
  return mainIsRead;
}
