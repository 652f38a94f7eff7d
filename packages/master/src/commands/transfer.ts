/** Files between machines, by way of the master's digest cache: each content travels once, and goes on where it broke off. */
import { type BlobCache, getJson, sendBlobs } from '@tutti/link';
import {
  type Blob,
  Manifest,
  type NodeArgs,
  type NodeResult,
  type StagedTree,
  TuttiError,
  validate,
} from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import type { Spot } from './spot.ts';

export async function put(
  { node, of, gone }: Spot,
  { kind, manifest, path, mode }: NodeArgs<'put'>,
  blobs: BlobCache,
  signal: AbortSignal,
): Promise<NodeResult<'put'>> {
  const until = AbortSignal.any([signal, gone]);
  await bring(node, await contentsOf(manifest, blobs), blobs, until);
  const tree = { kind, manifest, path, ...(mode === undefined ? {} : { mode }) };
  return node.call('files.write', { ...(of === undefined ? {} : { of }), ...tree }, until);
}

/** Brings it to the master. */
export async function get(
  { node, of, gone }: Spot,
  { path }: NodeArgs<'get'>,
  blobs: BlobCache,
  signal: AbortSignal,
): Promise<StagedTree> {
  const until = AbortSignal.any([signal, gone]);
  const tree = await node.call('files.read', { ...(of === undefined ? {} : { of }), path }, until);
  // What it says it has sent is here.
  await contentsOf(tree.manifest, blobs);
  return tree;
}

/** Into the digest cache of a machine, as far as it lacks them. */
export async function bring(
  node: Node,
  contents: readonly Blob[],
  blobs: BlobCache,
  signal: AbortSignal,
): Promise<void> {
  await sendBlobs(contents, (digest) => blobs.path(digest), {
    missing: async (asked) => (await node.call('blob.missing', { blobs: asked }, signal)).missing,
    send: (blob, source) => node.sendBlob(blob, source, signal),
  });
}

/** The manifest and all it names. Throws `BAD_PARAMS` where the master does not have all of it. */
export async function contentsOf(manifest: Blob, blobs: BlobCache): Promise<Blob[]> {
  await requireAll([manifest], blobs);
  const entries = validate(Manifest, await getJson(blobs, manifest), 'BAD_PARAMS', 'the manifest');
  const contents = entries.filter((entry) => entry.kind === 'file');
  await requireAll(contents, blobs);
  return [manifest, ...contents];
}

async function requireAll(contents: readonly Blob[], blobs: BlobCache): Promise<void> {
  const missing = await blobs.missing(contents);
  if (missing.length > 0)
    throw new TuttiError(
      'BAD_PARAMS',
      `the master does not have ${missing.length} of the contents that are meant; send them first, as streams to its digest cache`,
    );
}
