/** `tutti send`, `recv`, `take` */
import { inSeconds } from '../duration.ts';
import { type Message, type ReadOptions, recv, send, take } from '../topics.ts';
import { jsonOrText, printed, scopeOf, wholeNumber } from './parse.ts';
import { type Given, type Outcome, SCOPE, type ShellVerb, usageError } from './verb.ts';

const READING: ShellVerb['options'] = {
  'no-wait': { type: 'boolean', about: 'exit 1 at once if there is none' },
  timeout: {
    type: 'string',
    value: 'D',
    about: 'wait at most so long: 30s, 2m (default: as long as the test)',
  },
  json: { type: 'boolean', about: 'print {"offset", "data"}' },
  ...SCOPE,
};

export const sendVerb: ShellVerb = {
  usage: 'send TOPIC DATA [--string] [--scope run]',
  about:
    'Appends a message to a topic, and prints its offset: 0 for the first. DATA that is JSON (a number, true, null, {…},\n[…], "…") is sent as such, anything else as a string.',
  options: { string: { type: 'boolean', about: 'always a string' }, ...SCOPE },
  words: [2, 2],
  async run(given) {
    const [topic, text] = given.words as readonly [string, string];
    const data = given.flag('string') ? text : jsonOrText(text);
    return { stdout: String(await send(topic, data, { scope: scopeOf(given) })) };
  },
};

export const recvVerb: ShellVerb = {
  usage: 'recv TOPIC [--from N] [--no-wait | --timeout D] [--scope run]',
  about:
    'Prints the next message of a topic: a string as it is, anything else as JSON. Each member gets every message\nonce, from the first, and waits for it if need be.',
  options: {
    from: { type: 'string', value: 'N', about: 'the message at offset N, received before or not' },
    ...READING,
  },
  words: [1, 1],
  async run(given) {
    const [topic] = given.words as readonly [string];
    const from = given.text('from');
    const offset = from === undefined ? undefined : offsetOf(from);
    return shown(await recv(topic, { ...readOptions('recv', given), from: offset }), given);
  },
};

export const takeVerb: ShellVerb = {
  usage: 'take TOPIC [--no-wait | --timeout D] [--scope run]',
  about:
    'Prints the oldest message of a topic that no member has taken: each message goes to one of them. Waits for it\nif need be.',
  options: READING,
  words: [1, 1],
  async run(given) {
    const [topic] = given.words as readonly [string];
    return shown(await take(topic, readOptions('take', given)), given);
  },
};

function readOptions(verb: string, given: Given): ReadOptions {
  const { flag, text } = given;
  const [timeout, noWait] = [text('timeout'), flag('no-wait')];
  if (timeout !== undefined && noWait) throw usageError(`${verb}: --no-wait or --timeout, not both`);
  return {
    scope: scopeOf(given),
    wait: noWait ? false : undefined,
    timeout: timeout === undefined ? undefined : inSeconds(timeout),
  };
}

function offsetOf(text: string): number {
  const offset = wholeNumber(text, '--from');
  if (offset < 0) throw usageError('recv: --from: offsets begin with 0');
  return offset;
}

function shown(message: Message | undefined, { words: [topic], flag }: Given): Outcome {
  if (message === undefined) return { status: 1, stderr: `tutti: topic "${topic}" has no message now` };
  return { stdout: flag('json') ? JSON.stringify(message) : printed(message.data) };
}
