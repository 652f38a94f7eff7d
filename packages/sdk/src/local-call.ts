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
import { newRequest } from './request.ts';

export interface CallBounds {
  signal?: AbortSignal | undefined;
  /** Seconds. */
  timeout?: number | undefined;
}

/** What says that an agent is being restarted; anything else (EACCES, ENOTDIR …) does not improve with time. */
const PASSING = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN']);
const MARGIN_MS = 5000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function localCall(
  call: string,
  args: Record<string, unknown>,
  bounds: CallBounds = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const path = fromEnvironment('TUTTI_SOCKET');
    const request = newRequest(call, args);
    const { signal, timeout } = bounds;
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
          const answer = answerTo(request, line);
          if (over || answer === undefined) continue;
          end(() => ('failure' in answer ? reject(answer.failure) : resolve(answer.result)));
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
      socket.write(request.line);
    };

    if (signal?.aborted) return withdraw();
    signal?.addEventListener('abort', withdraw);
    const limitMs = timeout === undefined ? Number.POSITIVE_INFINITY : timeout * 1000 + MARGIN_MS;
    if (limitMs <= LONGEST_TIMER_MS) limit = setTimeout(giveUp, limitMs); // a longer timer would fire at once
    dial();
  });
}
