/** Total maps of handlers for sessions in tests: what a test does not care about answers `INTERNAL`. */
import type { EventHandlers, Handlers, StreamAcceptor } from '@tutti/link';
import { calls, type Direction, events, TuttiError } from '@tutti/protocol';

/** A handler for every call of the direction: those given, and a failure for the rest. */
export function stubHandlers<D extends Direction>(
  direction: D,
  overrides: Partial<Handlers<D>> = {},
): Handlers<D> {
  const stubs = Object.entries(calls)
    .filter(([, { directions }]) => (directions as readonly Direction[]).includes(direction))
    .map(([name]) => [name, () => Promise.reject(unexpected(`call ${name}`))]);
  return { ...Object.fromEntries(stubs), ...overrides } as Handlers<D>;
}

/** A handler for every event of the direction: those given, and deaf ones for the rest. */
export function stubEvents<D extends Direction>(
  direction: D,
  overrides: Partial<EventHandlers<D>> = {},
): EventHandlers<D> {
  const stubs = Object.entries(events)
    .filter(([, { directions }]) => (directions as readonly Direction[]).includes(direction))
    .map(([name]) => [name, () => {}]);
  return { ...Object.fromEntries(stubs), ...overrides } as EventHandlers<D>;
}

export const refuseStreams: StreamAcceptor = ({ to }) => {
  throw unexpected(`stream to ${to}`);
};

function unexpected(what: string): TuttiError {
  return new TuttiError('INTERNAL', `this test expects no ${what}`);
}
