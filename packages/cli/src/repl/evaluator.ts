/**
 * The evaluator of node:repl, which knows top-level await, for inputs that are carried out one after the other.
 *
 * What an input throws it does not tell to whom it was given by: where it tells that is here, and depends on its version.
 */
import { type REPLServer, type ReplOptions, start } from 'node:repl';
import { type Evaluate, Evaluations } from './evaluation.ts';

export interface Evaluator {
  readonly server: REPLServer;
  readonly evaluations: Evaluations;
}

interface OlderServer {
  readonly _domain?: {
    removeAllListeners(event: string): void;
    on(event: string, listener: (error: unknown) => void): void;
  };
}

/** `stray`: told of what is thrown while nothing is carried out, by a timer for example. */
export function startEvaluator(options: ReplOptions, stray: (error: unknown) => void): Evaluator {
  const failed = (error: unknown) => {
    if (!evaluations.failed(error)) stray(error);
    return 'ignore';
  };
  const server = start({ ...options, handleError: failed } as ReplOptions);
  const domain = (server as OlderServer)._domain;
  domain?.removeAllListeners('error');
  domain?.on('error', failed);
  const evaluate = server.eval as unknown as Evaluate;
  const evaluations = new Evaluations(evaluate, () => server.emit('SIGINT'));
  return { server, evaluations };
}
