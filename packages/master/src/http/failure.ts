/**
 * Whatever goes wrong with a request, as its answer: `{"error": {"code", "message", "details"?}}` and the status of that code.
 * What the framework or JSON itself refuses gets codes of ours.
 */
import { type ErrorCode, TuttiError } from '@tutti/protocol';
import type { FastifyError } from 'fastify';
import { STATUS } from './status.ts';

export interface Failure {
  readonly status: number;
  readonly body: { error: { code: ErrorCode; message: string; details?: Record<string, unknown> } };
}

export function failureOf({ code, message, details }: TuttiError): Failure {
  return {
    status: STATUS[code],
    body: { error: { code, message, ...(details === undefined ? {} : { details }) } },
  };
}

const REFUSED: Partial<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'WRONG_CONTENT_TYPE',
  FST_ERR_CTP_EMPTY_TYPE: 'WRONG_CONTENT_TYPE',
};

/** It may quote the request. */
const LONGEST = 500;

/** Undefined for what is nobody's mistake but ours. */
export function refusalOf(error: Partial<FastifyError> & Error): TuttiError | undefined {
  if (error instanceof TuttiError) return error;
  const code = REFUSED[error.code ?? ''];
  if (code !== undefined) return new TuttiError(code, sentence(error.message), { cause: error });
  // A malformed URL, body or header: everything that it says of itself is 4xx.
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500)
    return new TuttiError('BAD_PARAMS', sentence(error.message), { cause: error });
  return undefined;
}

function sentence(message: string): string {
  return `the request cannot be read: ${message.slice(0, LONGEST)}`;
}
