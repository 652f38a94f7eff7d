/** Several failures at once, each with whose it is. */

export interface EachFailure {
  readonly member: string;
  readonly error: unknown;
}

export function eachFailed(role: string, of: number, failures: readonly EachFailure[]): AggregateError {
  const said = failures.map(({ member, error }) => {
    const message = error instanceof Error ? error.message : String(error);
    // Most messages name the member by themselves.
    return message.includes(member) ? message : `${member}: ${message}`;
  });
  return new AggregateError(
    failures.map(({ error }) => error),
    `on ${failures.length} of ${of} machines of ${role}: ${said.join('; ')}`,
  );
}
