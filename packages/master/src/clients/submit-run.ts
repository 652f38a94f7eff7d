/** A run whose spec and files were staged before, given to the queue. */
import { type BlobCache, getJson } from '@tutti/link';
import { type Blob, type CallParams, RunSpec, TuttiError, validate } from '@tutti/protocol';
import type { RunUnderWay } from '../runs/run-under-way.ts';
import type { Runs } from '../runs/runs.ts';

export interface SubmitDeps {
  readonly runs: Pick<Runs, 'submit'>;
  readonly blobs: BlobCache;
}

/** Throws `BAD_PARAMS`, `DIGEST_MISMATCH`, and what `Runs.submit` throws. */
export async function submitRun(
  { id, spec: blob, owned, priority, waitForNodes }: CallParams<'run.submit'>,
  { runs, blobs }: SubmitDeps,
): Promise<RunUnderWay> {
  const spec = await readSpec(blob, blobs);
  return runs.submit(id, spec, owned, { priority, waitForNodes });
}

/** Throws `BAD_PARAMS` for a spec that is not one, `DIGEST_MISMATCH` for one that was not staged. */
async function readSpec(blob: Blob, blobs: BlobCache): Promise<RunSpec> {
  if (!(await blobs.has(blob.digest)))
    throw new TuttiError('DIGEST_MISMATCH', 'the spec of the run was not staged before it was submitted');
  const json = await getJson(blobs, blob).catch((cause: unknown) => {
    throw new TuttiError('BAD_PARAMS', 'the spec of the run is not JSON', { cause });
  });
  const spec = validate(RunSpec, json, 'BAD_PARAMS', 'the spec of the run');
  const files = spec.files.filter((entry) => entry.kind === 'file');
  const missing = await blobs.missing(files);
  const first = files[missing[0] ?? -1];
  if (first)
    throw new TuttiError(
      'DIGEST_MISMATCH',
      `${missing.length} files of the run were not staged before it was submitted, ${first.path} among them`,
    );
  return spec;
}
