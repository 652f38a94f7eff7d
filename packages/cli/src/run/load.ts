/** What is to run, of what was said on the command line. */
import { pauseSeconds } from '@tutti/client';
import { type LoadedSuite, loadSuite, suiteFromRoles } from '@tutti/client/suite';
import { TuttiError } from '@tutti/protocol';
import { webhookUrls } from '../webhooks.ts';
import type { ChosenFlags } from './flags.ts';
import { suiteOptions } from './suite-options.ts';

/** Throws `USAGE`, and what is wrong with the suite. */
export async function loadChosen(suitePath: string | undefined, flags: ChosenFlags): Promise<LoadedSuite> {
  const notify = webhookUrls(flags.notify ?? [], '--notify');
  const pauseOnFailure = pauseOf(flags.pauseOnFailure);
  const suite = await load(suitePath, flags);
  const more = {
    ...(notify.length === 0 ? {} : { notify }),
    ...(pauseOnFailure === undefined ? {} : { pauseOnFailure }),
  };
  return { ...suite, spec: { ...suite.spec, ...more } };
}

function load(suitePath: string | undefined, flags: ChosenFlags): Promise<LoadedSuite> {
  const options = suiteOptions(flags);
  if (suitePath === undefined) {
    if (flags.role.length === 0 && flags.drive === undefined)
      throw new TuttiError('USAGE', 'nothing to run: give a suite file, or --role NAME=SCRIPT');
    return suiteFromRoles(flags.role, options);
  }
  if (flags.role.length > 0) throw new TuttiError('USAGE', 'give either a suite file or --role, not both');
  return loadSuite(suitePath, options);
}

/** Throws `USAGE`. */
function pauseOf(time: string | true | undefined): number | undefined {
  try {
    return pauseSeconds(time);
  } catch (cause) {
    const { message } = TuttiError.from(cause);
    throw new TuttiError(
      'USAGE',
      `--pause-on-failure=TIME, such as =10m, or without a time behind the suite: ${message}`,
      {
        cause,
      },
    );
  }
}
