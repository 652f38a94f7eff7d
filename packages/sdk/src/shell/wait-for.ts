/** `tutti wait-for`: waits for something on this machine. Needs no agent. */
import { inSeconds } from '../duration.ts';
import { type ShellVerb, usageError } from './verb.ts';
import { waitForFile } from './wait-for-file.ts';
import { parseEndpoint, waitForTcp } from './wait-for-tcp.ts';

export const waitForVerb: ShellVerb = {
  usage: 'wait-for tcp HOST:PORT | file PATH [--timeout D]',
  about:
    'tcp:  waits until a connection to HOST:PORT is accepted. An IPv6 address stands in brackets: [::1]:80.\n' +
    'file: waits until PATH exists. (It may still be being written: have it renamed into place.)',
  options: { timeout: { type: 'string', value: 'D', about: 'at most so long: 30s, 2m (default: 30s)' } },
  words: [2, 2],
  async run({ words, text }) {
    const [kind, what] = words as readonly [string, string];
    const timeout = inSeconds(text('timeout') ?? 30);
    if (kind === 'tcp') await waitForTcp(parseEndpoint(what), timeout);
    else if (kind === 'file') await waitForFile(what, timeout);
    else throw usageError(`wait-for: "${kind}" is neither tcp nor file`);
    return {};
  },
};
