/**
 * One call over the script's local socket.
 *
 *     connect ──▶ send the request ──▶ wait ──▶ answered: done
 *        ▲                               │
 *        └───────── back off ◀───────────┘ no connection, or lost before the answer
 *
 * The same line, so the same id, is sent on every connection; the agent gives a repeated id the same answer. So the call
 * takes effect once, whatever restarts meanwhile. It goes on until it is answered, its signal aborts, or its own
 * timeout and a margin are over (the agent keeps the timeout; this is only for an agent that is not there).
 *
 * Each call has a connection of its own: closing it withdraws exactly this wait. The connection keeps the process alive,
 * and nothing is left when the call is over.
 */
import { connect, type Socket } from 'node:net';
import { answerTo } from './answer.ts';
import { backOffMs } from './back-off.ts';
import { fromEnvironment } from './environment.ts';
import { TuttiError } from './errors.ts';
import { LineReader } from './line-reader.ts';
import { newRequest, type Request } from './request.ts';
import { stackFrom, withStack } from './stack.ts';
import { signalOfTest } from './test-signal.ts';

export interface CallBounds {
  signal?: AbortSignal | undefined;
  /** Seconds. */
  timeout?: number | undefined;
  /** Instead of the call and what it is about. */
  title?: string | undefined;
  /** Goes on when the test that makes it is over: it is said to the report, or clears up. */
  outlivesTest?: boolean | undefined;
}

/** What says that an agent is being restarted; anything else (EACCES, ENOTDIR …) does not improve with time. */
const PASSING = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN']);
const MARGIN_MS = 5000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What goes with a request that is given a message: it stands for this process's life, and then says "I have it". */
interface Consumption {
  readonly hold: Request;
  readonly ack: Request;
}

export async function localCall(
  call: string,
  args: Record<string, unknown>,
  bounds: CallBounds = {},
): Promise<unknown> {
  return exchange(newRequest(call, args, bounds.title), bounds, stackFrom(localCall));
}

/**
 * A call for a message, `{found, …}`, which is consumed when this resolves: if this process ends before, or gives up, the
 * message goes back.
 *
 *     → recv, hold      ← the message      → ack      ← done: the connection may close
 */
export async function consumingCall(
  call: string,
  args: Record<string, unknown>,
  bounds: CallBounds = {},
): Promise<unknown> {
  const request = newRequest(call, args);
  const about = { request: request.id, scope: args['scope'] };
  const hold = { ...newRequest('hold', about), title: request.title };
  const ack = { ...newRequest('ack', about), title: request.title };
  return exchange(request, bounds, stackFrom(consumingCall), { hold, ack });
}

function exchange(
  request: Request,
  bounds: CallBounds,
  from: () => string,
  consumption?: Consumption,
): Promise<unknown> {
  return new Promise((resolve, rejectPlain) => {
    const reject = (error: TuttiError): void => rejectPlain(withStack(error, from));
    const path = fromEnvironment('TUTTI_SOCKET');
    const { signal, timeout } = bounds;
    const test = bounds.outlivesTest ? undefined : signalOfTest();
    let awaited = request;
    let given: unknown;
    let socket: Socket | undefined;
    let again: NodeJS.Timeout | undefined;
    let limit: NodeJS.Timeout | undefined;
    let lost = 0;
    let over = false;

    const end = (settle: () => void): void => {
      over = true;
      clearTimeout(again);
      clearTimeout(limit);
      signal?.removeEventListener('abort', withdraw);
      test?.removeEventListener('abort', leave);
      socket?.destroy();
      settle();
    };
    const fail = (code: string, message: string, cause?: unknown): void => {
      end(() =>
        reject(
          new TuttiError(code, `${request.title}: ${message}`, cause === undefined ? undefined : { cause }),
        ),
      );
    };
    const withdraw = (): void => fail('CANCELLED', 'withdrawn by its signal', signal?.reason);
    const leave = (): void => fail('CANCELLED', 'withdrawn, as its test is over', test?.reason);
    const giveUp = (): void =>
      fail('TIMED_OUT', `no answer within ${timeout} s; the agent at ${path} is not there or hangs`);

    const dial = (): void => {
      const reader = new LineReader();
      let problem: NodeJS.ErrnoException | undefined;
      socket = connect(path);
      socket.on('error', (error) => {
        problem = error;
      });
      socket.on('data', (chunk) => {
        for (const line of reader.push(chunk as Buffer)) {
          const answer = answerTo(awaited, line);
          if (over || answer === undefined) continue;
          if ('failure' in answer) end(() => reject(answer.failure));
          else if (awaited !== request) end(() => resolve(given));
          else if (consumption !== undefined && isFound(answer.result)) {
            given = answer.result;
            awaited = consumption.ack;
            socket?.write(awaited.line);
          } else end(() => resolve(answer.result));
        }
      });
      socket.on('close', () => {
        if (over) return;
        if (problem !== undefined && !PASSING.has(problem.code ?? '')) {
          fail('NOT_CONNECTED', `cannot use the agent's socket: ${problem.message}`, problem);
        } else {
          again = setTimeout(dial, backOffMs(lost++));
        }
      });
      socket.write(awaited === request ? request.line + (consumption?.hold.line ?? '') : awaited.line);
    };

    if (signal?.aborted) return withdraw();
    if (test?.aborted) return leave();
    signal?.addEventListener('abort', withdraw);
    test?.addEventListener('abort', leave);
    const limitMs = timeout === undefined ? Number.POSITIVE_INFINITY : timeout * 1000 + MARGIN_MS;
    if (limitMs <= LONGEST_TIMER_MS) limit = setTimeout(giveUp, limitMs); // a longer timer would fire at once
    dial();
  });
}

function isFound(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'found' in result && result.found === true;
}
