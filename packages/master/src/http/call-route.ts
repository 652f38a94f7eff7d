/** A call of the catalogue by POST: the same checks, the same handler, the same errors as in a client's session. */
import { type HttpCallName, validate } from '@tutti/protocol';
import type { FastifyInstance } from 'fastify';
import type { ClientCalls } from '../clients/client-calls.ts';
import { httpCall } from './http-calls.ts';
import { goneSignal } from './streaming.ts';

type AnyHandler = (params: unknown, context: { signal: AbortSignal; withdrawal: AbortSignal }) => unknown;

export const CALL_PATH = '/api/v1/call/:name';

export function addCallRoute(app: FastifyInstance, calls: ClientCalls): void {
  app.post<{ Params: { name: string } }>(CALL_PATH, async ({ params, body }, reply) => {
    const { name, entry } = httpCall(params.name);
    // Without a body it has no parameters.
    const value = validate(entry.params, body ?? {}, 'BAD_PARAMS', name);
    const signal = goneSignal(reply);
    const handler = (calls as Record<HttpCallName, unknown>)[name] as AnyHandler;
    const result = await handler(value, { signal, withdrawal: signal });
    return reply.header('cache-control', 'no-store').send(result);
  });
}
