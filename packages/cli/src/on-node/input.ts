/** What is piped into the command goes to all machines alike: the next is read when the slowest has taken the one before. */
import type { Terminal } from '@tutti/client/objects';

type Source = NodeJS.ReadStream;

/** `source`: none, or a terminal, is an input that has ended. It is read when all `expected` are there, or will not come. */
export function inputTo(
  source: Source | undefined,
  expected: number,
): { add: (terminal: Terminal | undefined) => void; stop: () => void } {
  const terminals = new Set<Terminal>();
  let missing = expected;
  const piped = source !== undefined && !source.isTTY;
  const give = async (bytes: Buffer): Promise<void> => {
    const giving = [...terminals].map(async (terminal) => {
      if (!(await terminal.write(bytes).catch(() => false))) terminals.delete(terminal);
    });
    await Promise.all(giving);
  };
  const pump = async (from: Source): Promise<void> => {
    try {
      for await (const bytes of from) {
        await give(bytes as Buffer);
        if (terminals.size === 0) return;
      }
    } catch {
      // What cannot be read has ended.
    }
    await Promise.all([...terminals].map((terminal) => terminal.endInput().catch(() => {})));
  };
  return {
    add(terminal) {
      missing -= 1;
      if (terminal !== undefined && !piped) terminal.endInput().catch(() => {});
      if (terminal !== undefined && piped) terminals.add(terminal);
      if (piped && missing === 0) void pump(source);
    },
    stop() {
      if (piped) source.destroy();
    },
  };
}
