/** What can be waited for on a machine, each in its own way. All end with their signal. */
import { type Awaited, type CallResult, LIMITS, TuttiError } from '@tutti/protocol';
import { fileError } from '../files/file-error.ts';
import type { Masks } from '../secrets/masks.ts';
import { untilExists } from './file.ts';
import { untilLogged } from './log.ts';
import { untilAccepted } from './port.ts';
import { untilActive } from './unit.ts';

/** The outputs of a command. */
export interface SearchedCommand {
  readonly name: string;
  readonly logs: readonly string[];
  readonly ended: Promise<unknown>;
}

export interface WaitingPlace {
  readonly node: string;
  /** Where a path is. */
  readonly place: (path: string) => string;
  /** Throws `NO_SUCH_COMMAND`. */
  readonly command: (id: string) => SearchedCommand;
  /** What must not be seen in a line. */
  readonly masks: Masks;
}

export async function waitFor(
  awaited: Awaited,
  place: WaitingPlace,
  signal: AbortSignal,
): Promise<CallResult<'machine.wait'>> {
  switch (awaited.is) {
    case 'port':
      await untilAccepted(awaited.host ?? 'localhost', awaited.port, signal);
      return {};
    case 'file':
      await untilExists(place.place(awaited.path), signal);
      return {};
    case 'unit':
      await untilActive(awaited.unit, place.node, signal);
      return {};
    case 'log':
      return { line: shown(await lineOf(awaited, place, signal), place.masks) };
  }
}

async function lineOf(
  { command: id, path, pattern }: Extract<Awaited, { is: 'log' }>,
  { command: find, place, node }: WaitingPlace,
  signal: AbortSignal,
): Promise<string> {
  if (id === undefined) {
    const at = place(path ?? '');
    const line = await untilLogged({ paths: [at], pattern }, signal).catch((thrown: unknown) => {
      signal.throwIfAborted();
      throw fileError(at, node, 'read', thrown);
    });
    if (line === undefined) throw new TuttiError('INTERNAL', 'a file is never complete');
    return line;
  }
  const { name, logs, ended } = find(id);
  const line = await untilLogged({ paths: logs, pattern, complete: ended }, signal);
  if (line !== undefined) return line;
  throw new TuttiError('WAIT_BROKEN', `${name} has ended, and no line of its output matches ${pattern}`);
}

/** Shortened to what a message may hold. */
function shown(line: string, masks: Masks): string {
  return masks.text(line.slice(0, LIMITS.logLine.value));
}
