/**
 * The shapes of every identifier and name that crosses the wire or becomes part of a path.
 *
 * Guarantee: a value accepted by a schema of this file is safe as one path component, because none
 * of them admits `/`, NUL or a leading dot, and each is short enough. `SyncName` and `RequestId` alone are free
 * text; they never become a path.
 */
import * as z from 'zod';
import { LIMITS } from './limits.ts';

/** A random id: 128 bits as 32 lower-case hex digits. Runs, attempts, members, masters, agents and requests have one. */
export const Id = z.string().regex(/^[0-9a-f]{32}$/, 'an id is 32 lower-case hex digits');

/** A request id chosen by a script's SDK; longer or shorter ones from other languages are fine. */
export const RequestId = z
  .string()
  .min(8)
  .max(LIMITS.name.value)
  .regex(/^[!-~]+$/, 'a request id is 8 to 128 printable ASCII characters');

/** SHA-256 of a file's bytes, lower-case hex. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/, 'a digest is 64 lower-case hex digits');

/** A role or a parameter: it also becomes part of an environment variable's name. */
export const Identifier = z
  .string()
  .max(LIMITS.name.value)
  .regex(/^[a-z][a-z0-9_]*$/, 'use a lower-case letter, then lower-case letters, digits and _');

/** The name of a machine: a host name's characters. */
export const NodeName = z
  .string()
  .max(LIMITS.name.value)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'use letters, digits, dots, dashes and underscores');

/** A barrier, key, topic or lock: any text without control characters. */
export const SyncName = z
  .string()
  .min(1, 'a name must not be empty')
  .max(LIMITS.name.value, `a name has at most ${LIMITS.name.value} characters`)
  .regex(/^[^\u0000-\u001f\u007f]+$/, 'control characters are not allowed in a name');

/** A member in its attempt, in words: `client.0`. */
export const MemberName = z
  .string()
  .max(LIMITS.name.value + '.99999'.length)
  .regex(/^[a-z][a-z0-9_]*\.\d+$/, 'a member is ROLE.INDEX');

/** Milliseconds of the sender's CLOCK_MONOTONIC; comparable only within one boot of one machine. */
export const MonotonicMs = z.number().nonnegative();

/** Seconds, as everywhere a person or a report sees a time span. */
export const Seconds = z.number().nonnegative();
