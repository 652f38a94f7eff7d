/** Topics: messages in one order for all members of an attempt, or of a run. */
import { type Duration, inSeconds } from './duration.ts';
import { TuttiError } from './errors.ts';
import type { Json } from './json.ts';
import { consumingCall, localCall } from './local-call.ts';
import type { Shared } from './scope.ts';

interface Withdrawable extends Shared {
  /** Aborting it withdraws the call. */
  signal?: AbortSignal | undefined;
}

export interface ReadOptions extends Withdrawable {
  /** `false`: undefined at once if there is no message. */
  wait?: boolean | undefined;
  /** At most so long. Default: for as long as the test lasts. */
  timeout?: Duration | undefined;
}

export interface RecvOptions extends ReadOptions {
  /** The message at this offset, received before or not; it changes nothing of what a plain `recv` gives next. */
  from?: number | undefined;
}

export interface Message<T extends Json = Json> {
  /** Its place in the topic, 0-based. */
  offset: number;
  data: T;
}

/** Appends a message of at most 256 KiB as JSON; returns its offset. */
export async function send(topic: string, data: Json, options: Withdrawable = {}): Promise<number> {
  if (data === undefined)
    throw new TuttiError('BAD_PARAMS', `send ${JSON.stringify(topic)}: undefined is not a JSON value`);
  const { scope, signal } = options;
  const answer = await localCall('send', { topic, scope, data }, { signal });
  return (answer as { offset: number }).offset;
}

/**
 * This member's next message of the topic: each member gets every message once, in the same order, from the first. When
 * this returns the message is consumed; a script that dies before gets it again.
 *
 * @throws TuttiError ALREADY_RECEIVING, TIMED_OUT, WAIT_BROKEN (nobody is left who could send), CANCELLED
 */
export function recv<T extends Json = Json>(
  topic: string,
  options: RecvOptions & { wait: false },
): Promise<Message<T> | undefined>;
export function recv<T extends Json = Json>(topic: string, options?: RecvOptions): Promise<Message<T>>;
export async function recv(topic: string, options: RecvOptions = {}): Promise<Message | undefined> {
  return read('recv', topic, options, options.from);
}

/**
 * The oldest message of the topic that no member has taken: each message goes to one of them. When this returns the
 * message is consumed; if the script dies before, another gets it.
 *
 * @throws TuttiError TIMED_OUT, WAIT_BROKEN (nobody is left who could send), CANCELLED
 */
export function take<T extends Json = Json>(
  topic: string,
  options: ReadOptions & { wait: false },
): Promise<Message<T> | undefined>;
export function take<T extends Json = Json>(topic: string, options?: ReadOptions): Promise<Message<T>>;
export async function take(topic: string, options: ReadOptions = {}): Promise<Message | undefined> {
  return read('take', topic, options);
}

async function read(
  call: 'recv' | 'take',
  topic: string,
  options: ReadOptions,
  from?: number,
): Promise<Message | undefined> {
  const { scope, wait, signal } = options;
  if (options.timeout !== undefined && wait === false)
    throw new TuttiError('BAD_PARAMS', `${call}: a timeout needs a wait`);
  const timeout = options.timeout === undefined ? undefined : inSeconds(options.timeout);
  const args = { topic, scope, from, wait: wait === false ? false : undefined, timeout };
  // Read again is not consumed: there is nothing to give back.
  const ask = from === undefined ? consumingCall : localCall;
  const { found, offset, data } = (await ask(call, args, { signal, timeout })) as Message & {
    found: boolean;
  };
  return found ? { offset, data } : undefined;
}
