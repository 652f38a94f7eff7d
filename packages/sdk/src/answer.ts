/** Reads one line of the local socket as the answer to a request. */
import { TuttiError } from './errors.ts';
import type { Request } from './request.ts';

export type Answer = { readonly result: unknown } | { readonly failure: TuttiError };

/** The answer, or undefined when the line answers another request. */
export function answerTo({ id, title }: Request, line: string): Answer | undefined {
  const said = parse(line);
  if (said === undefined)
    return {
      failure: new TuttiError('BAD_FRAME', `${title}: the agent answered something that is not JSON`),
    };
  const error = said['error'] as { code?: unknown; message?: unknown } | null | undefined;
  // An agent that could not read the request's id cannot repeat it; on this connection there was only one request.
  const mine = said['id'] === id || !said['id'];
  if (!mine) return undefined;
  if (error) {
    const [code, message] = [textOf(error.code, 'INTERNAL'), textOf(error.message, 'no reason given')];
    return { failure: new TuttiError(code, message) };
  }
  if ('result' in said) return { result: said['result'] };
  return {
    failure: new TuttiError('BAD_RESULT', `${title}: the agent answered neither a result nor an error`),
  };
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const said: unknown = JSON.parse(line);
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
