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
  throw new TuttiError(code, `${what}: ${path}: ${issue === undefined ? 'invalid' : wordsOf(issue)}`, {
    details: { path },
  });
}

const WANTED: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a mapping',
  record: 'a mapping',
  string: 'a text',
};

/** What the schemas say themselves is said to people; what zod says of wrong types is not. */
function wordsOf(issue: z.core.$ZodIssue): string {
  const wanted = issue.code === 'invalid_type' ? WANTED[issue.expected] : undefined;
  return wanted === undefined || !issue.message.startsWith('Invalid input')
    ? issue.message
    : `must be ${wanted}`;
}
