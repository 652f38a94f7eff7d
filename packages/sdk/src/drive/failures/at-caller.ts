/** Gives whatever goes wrong in a call of the SDK the place where the script made it. */
import { stackFrom, withStack } from '../../stack.ts';

const told = new WeakSet<Error>();

/** To be called by the function that the script calls, before it waits for anything. */
export async function atCaller<T>(work: () => Promise<T>): Promise<T> {
  const from = stackFrom(atCaller);
  try {
    return await work();
  } catch (error) {
    // Only what the SDK has made: an error of the script's own function says by itself where it comes from.
    if (error instanceof Error && 'code' in error && isOurs(error) && !told.has(error)) {
      told.add(error);
      withStack(error, from);
    }
    throw error;
  }
}

function isOurs(error: Error): boolean {
  return error.name === 'TuttiError' || error.name === 'CommandFailed';
}
