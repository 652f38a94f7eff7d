/** A run once more, as it was submitted: its spec is kept with it, its files as long as there is room for them. */
import type { BlobCache } from '@tutti/link';
import { isOk, type RunSpec, TuttiError } from '@tutti/protocol';
import type { Run } from '../runs/model.ts';

/** What to submit. Throws `NOTHING_TO_RERUN`, `FILES_GONE`. */
export async function specAgain(run: Run, failed: boolean, blobs: BlobCache): Promise<RunSpec> {
  if (run.spec.joined)
    throw new TuttiError(
      'NOTHING_TO_RERUN',
      `run ${run.number} was a session of tutti join: the master has no scripts of it; join once more`,
    );
  const spec = failed ? onlyFailed(run) : run.spec;
  const files = spec.files.filter((entry) => entry.kind === 'file');
  const missing = await blobs.missing(files);
  const first = files[missing[0] ?? -1];
  if (first === undefined) return spec;
  const others = missing.length === 1 ? '' : `, and ${missing.length - 1} more`;
  throw new TuttiError(
    'FILES_GONE',
    `run ${run.number} cannot be repeated: the master does not have ${first.path} any more${others}`,
  );
}

/** Its setup and teardown belong to every run of it. */
function onlyFailed({ number, phase, spec, tests }: Run): RunSpec {
  if (phase !== 'finished')
    throw new TuttiError(
      'NOTHING_TO_RERUN',
      `run ${number} has not ended: which of its tests fail is not known`,
    );
  const bad = new Set(
    tests.filter(({ status }) => status === undefined || !isOk(status)).map((test) => test.spec),
  );
  const again = spec.tests.filter((test) => bad.has(test));
  if (again.length === 0) throw new TuttiError('NOTHING_TO_RERUN', `all tests of run ${number} were ok`);
  return { ...spec, tests: again };
}
