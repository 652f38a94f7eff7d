/** A tree of files as a manifest: what is staged to agents and what comes back from `$TUTTI_OUT`. */
import * as z from 'zod';
import { Digest } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/** True when a relative path stays below its root: no empty, `.` or `..` component, no leading slash, no NUL. */
export function staysBelow(path: string): boolean {
  if (path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/**
 * True when following `target` from the directory of `path` never climbs above the root, whatever other links the tree
 * holds. Both are slash-separated; an absolute target leaves the tree.
 *
 * `..` may only come first: after a name it would climb from wherever that name, itself a link perhaps, leads.
 */
export function linkStaysBelow(path: string, target: string): boolean {
  if (target.startsWith('/') || target === '' || target.includes('\0')) return false;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const named = parts.findIndex((part) => part !== '..');
  const climbs = named === -1 ? parts.length : named;
  return climbs < path.split('/').length && !parts.slice(climbs).includes('..');
}

export const TreePath = z
  .string()
  .min(1)
  .max(4096)
  .refine(staysBelow, 'a path is relative and stays inside its tree');

/** Permission bits only: 0o777. */
export const FileMode = z.number().int().min(0).max(0o777);

export const TreeEntry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('file'),
    path: TreePath,
    mode: FileMode,
    size: z.number().int().nonnegative(),
    digest: Digest,
  }),
  z.object({ kind: z.literal('dir'), path: TreePath, mode: FileMode }),
  z
    .object({ kind: z.literal('link'), path: TreePath, target: z.string().min(1).max(4096) })
    .refine(
      (link) => linkStaysBelow(link.path, link.target),
      'a link stays inside its tree, and ".." comes first in it',
    ),
]);
export type TreeEntry = z.infer<typeof TreeEntry>;

/** Parents come before what they hold; paths are unique. */
export const Manifest = z
  .array(TreeEntry)
  .max(LIMITS.stagedFiles.value)
  .refine(
    (entries) => new Set(entries.map((entry) => entry.path)).size === entries.length,
    'paths are unique',
  )
  .refine(hasNoPathThroughLink, 'no path leads through a link');
export type Manifest = z.infer<typeof Manifest>;

/** A file written through a link could land outside the tree after all. */
function hasNoPathThroughLink(entries: readonly TreeEntry[]): boolean {
  const notDirs = new Set(entries.filter((entry) => entry.kind !== 'dir').map((entry) => entry.path));
  return entries.every((entry) => {
    for (let cut = entry.path.lastIndexOf('/'); cut > 0; cut = entry.path.lastIndexOf('/', cut - 1)) {
      if (notDirs.has(entry.path.slice(0, cut))) return false;
    }
    return true;
  });
}

/** Contents by digest, as asked for and sent. */
export const Blob = z.object({ digest: Digest, size: z.number().int().nonnegative() });
export type Blob = z.infer<typeof Blob>;
