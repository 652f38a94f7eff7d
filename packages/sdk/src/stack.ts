/**
 * Where a call was made. An answer comes in a callback of a socket, whose stack shows nothing of the script; so the place is
 * noted when the call is made, and put into the error if there is one. Noting costs microseconds: a stack is put into words
 * only when somebody reads it.
 */

/** The frames above `callee`, in words when they are asked for. */
export function stackFrom(callee: (...args: never[]) => unknown): () => string {
  const place: { stack?: string } = {};
  Error.captureStackTrace(place, callee);
  return () => (place.stack ?? '').replace(/^[^\n]*\n?/, '');
}

export function withStack<E extends Error>(error: E, from: () => string): E {
  const frames = from();
  if (frames !== '') error.stack = `${error.name}: ${error.message}\n${frames}`;
  return error;
}
