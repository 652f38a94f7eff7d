/** Validation of what comes in, with a message that names the path of the first bad field. */
import type { z } from 'zod';
import { type ErrorCode, TuttiError } from './errors.ts';

/** The parsed value, or a `TuttiError` that says which field of `what` is wrong. */
export function validate<T extends z.ZodType>(
  schema: T,
  value: unknown,
  code: ErrorCode,
  what: string,
): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.length ? issue.path.map(String).join('.') : '(the whole)';
  throw new TuttiError(code, `${what}: ${path}: ${issue?.message ?? 'invalid'}`, { details: { path } });
}
