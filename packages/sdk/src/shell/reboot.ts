/** `tutti reboot`, `extend` */
import { inSeconds } from '../duration.ts';
import { extend } from '../extend.ts';
import { reboot } from '../reboot.ts';
import { type ShellVerb, usageError } from './verb.ts';

export const rebootVerb: ShellVerb = {
  usage: 'reboot [MEMBER] [--timeout D] [--by-script]',
  about:
    'Reboots this machine, after which the script runs again from its beginning, with TUTTI_REBOOT_COUNT one higher.\n' +
    'Does not return. With MEMBER reboots that one’s machine, and returns when it is about to go down.',
  options: {
    timeout: {
      type: 'string',
      value: 'D',
      about: 'at most so long until it is back: 30s, 2m (default: 10m)',
    },
    'by-script': {
      type: 'boolean',
      about: 'only announces it, and returns: the script brings the machine down itself',
    },
  },
  words: [0, 1],
  async run({ words: [member], flag, text }) {
    const byScript = flag('by-script');
    if (byScript && member !== undefined)
      throw usageError('reboot: --by-script is only for the machine of the script itself');
    const limit = text('timeout');
    await reboot({ member, byScript, timeout: limit === undefined ? undefined : inSeconds(limit) });
    return {};
  },
};

export const extendVerb: ShellVerb = {
  usage: 'extend D',
  about: 'Gives the test so much more time (10m, 90s), and prints how many seconds it then has left.',
  options: {},
  words: [1, 1],
  async run({ words }) {
    const left = await extend(words[0] as string);
    return { stdout: String(Math.round(left * 1000) / 1000) };
  },
};
