/** What is started on a machine, and where. */
import * as z from 'zod';

/** A line for `sh -c`, or a program and its arguments. */
export const Command = z.union([
  z.string().min(1).max(262_144),
  z.array(z.string().max(131_072)).min(1).max(4096),
]);
export type Command = z.infer<typeof Command>;

/** On a machine. A relative one starts in the member's `work/`, else in the home directory of the agent's user. */
export const PathOnNode = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0'), 'a path has no NUL');
