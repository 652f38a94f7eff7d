/**
 * What a promise rejects with; rejects itself when it is kept. Taken at once, the rejection is never an
 * unhandled one, however much later a test looks at it.
 */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error('a promise that should have been rejected was kept', { cause: value });
}
