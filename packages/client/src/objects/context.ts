/** What all objects of one connection share. */
import type { MasterClient } from '../master-client.ts';

export interface Context {
  readonly client: MasterClient;
  /** Of what is being done now, for whatever is not given a signal of its own. */
  readonly signal: () => AbortSignal | undefined;
  /** What relative paths are relative to. */
  readonly cwd: () => string;
  /** What goes on behind an answer: the connection is not closed before it is done, if that is soon. */
  readonly behind: Set<Promise<unknown>>;
}

/** The caller's signal and the context's, whichever comes first. */
export function signalOf(context: Context, given: AbortSignal | undefined): AbortSignal | undefined {
  const ambient = context.signal();
  if (given === undefined || ambient === undefined) return given ?? ambient;
  return AbortSignal.any([given, ambient]);
}

/** Goes on without its caller. */
export function letGoOn(context: Context, work: Promise<unknown>): void {
  const settled = work.catch(() => {}).finally(() => context.behind.delete(settled));
  context.behind.add(settled);
}
