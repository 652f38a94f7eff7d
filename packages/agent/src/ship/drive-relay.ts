/**
 * Passes on to the master what a driver does on the machines of its test, across lost connections: each request is repeated,
 * with its own id, on every new session until it is answered or its caller has gone.
 *
 * Files are this machine's own. `put` sends the contents first, as far as the master lacks them; at the answer to `get` they
 * are in this agent's digest cache.
 */
import { type BlobCache, getJson } from '@tutti/link';
import {
  type CallName,
  type CallParams,
  type DriveArgs,
  type DriveResult,
  Manifest,
  type NodeVerb,
  type StagedTree,
  validate,
} from '@tutti/protocol';
import { readTree } from '../files/read-tree.ts';
import { sendTree } from '../files/send-tree.ts';
import { writeTree } from '../files/write-tree.ts';
import type { DriveRequest } from '../members/context.ts';
import { askMaster, onSessions } from './master-calls.ts';
import type { MasterLink } from './master-link.ts';

export interface DriversMachine {
  readonly node: string;
  readonly cache: BlobCache;
}

type Ask = (verb: NodeVerb, args: unknown) => Promise<unknown>;

/** Rejects with the master's refusal, or soon after `signal` aborts. */
export async function relayDrive(
  link: MasterLink,
  machine: DriversMachine,
  { member, request, on, do: verb, args }: DriveRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const ask: Ask = (name, asked) => {
    const call = `drive.${name}` as CallName<'agent→master'>;
    return askMaster(link, call, { member, request, on, args: asked } as CallParams<typeof call>, signal);
  };
  if (verb === 'put') return put(ask, link, machine, args as DriveArgs<'put'>, signal);
  if (verb === 'get') return get(ask, machine, args as DriveArgs<'get'>, signal);
  return ask(verb, args);
}

async function put(
  ask: Ask,
  link: MasterLink,
  { node }: DriversMachine,
  { from, path, mode }: DriveArgs<'put'>,
  signal: AbortSignal,
): Promise<unknown> {
  const tree = await readTree(from, node, signal);
  const staged = await onSessions(link, signal, (session) => sendTree(tree, session, signal));
  return ask('put', { ...staged, path, ...(mode === undefined ? {} : { mode }) });
}

async function get(
  ask: Ask,
  { node, cache }: DriversMachine,
  { path, to }: DriveArgs<'get'>,
  signal: AbortSignal,
): Promise<DriveResult<'get'>> {
  const { kind, manifest, skipped } = (await ask('get', { path })) as StagedTree &
    Pick<DriveResult<'get'>, 'skipped'>;
  const entries = validate(Manifest, await getJson(cache, manifest), 'BAD_PARAMS', 'the manifest');
  const written = await writeTree(to, { kind, manifest: entries }, { contents: cache, node, signal });
  return { ...written, ...(skipped === undefined ? {} : { skipped }) };
}
