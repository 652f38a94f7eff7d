/** What is to run, of what was said on the command line. */
import { type LoadedSuite, loadSuite, suiteFromRoles } from '@tutti/client/suite';
import { TuttiError } from '@tutti/protocol';
import { webhookUrls } from '../webhooks.ts';
import type { ChosenFlags } from './flags.ts';
import { suiteOptions } from './suite-options.ts';

/** Throws `USAGE`, and what is wrong with the suite. */
export async function loadChosen(suitePath: string | undefined, flags: ChosenFlags): Promise<LoadedSuite> {
  const notify = webhookUrls(flags.notify ?? [], '--notify');
  const suite = await load(suitePath, flags);
  return notify.length === 0 ? suite : { ...suite, spec: { ...suite.spec, notify } };
}

function load(suitePath: string | undefined, flags: ChosenFlags): Promise<LoadedSuite> {
  const options = suiteOptions(flags);
  if (suitePath === undefined) {
    if (flags.role.length === 0)
      throw new TuttiError('USAGE', 'nothing to run: give a suite file, or --role NAME=SCRIPT');
    return suiteFromRoles(flags.role, options);
  }
  if (flags.role.length > 0) throw new TuttiError('USAGE', 'give either a suite file or --role, not both');
  return loadSuite(suitePath, options);
}
