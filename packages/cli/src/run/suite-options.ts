/** The suite and the options beside it, which `run`, `check` and `list` understand alike. */
import { durationSeconds } from '@tutti/client';
import { type SuiteOptions } from '@tutti/client/suite';
import { TuttiError } from '@tutti/protocol';
import { keyValue } from '../options.ts';
import type { ChosenFlags, SuiteFlags } from './flags.ts';

export function suiteOptions(flags: SuiteFlags & Partial<ChosenFlags>): SuiteOptions {
  return {
    params: Object.fromEntries(flags.param.map((param) => keyValue(param, '--param'))),
    only: flags.only,
    skip: flags.skip,
    tags: flags.tag,
    skipLists: flags.skipList,
    repeat: flags.repeat === undefined ? undefined : wholeNumber(flags.repeat),
    untilFail: flags.untilFail === true,
    failFast: flags.failFast === true,
    drive: flags.drive,
    files: flags.file ?? [],
    big: flags.big === true,
    cwd: process.cwd(),
    name: flags.name,
    timeout: flags.timeout === undefined ? undefined : durationSeconds(flags.timeout),
  };
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new TuttiError('USAGE', `--repeat takes a whole number of at least 1, not "${text}"`);
  }
  return Number(text);
}
