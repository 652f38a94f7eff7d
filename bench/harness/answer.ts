/** A process of a bench, at its own side: answers what child.ts asks, and ends when the asker lets go or dies. */

export interface Question {
  command: string;
  argument: unknown;
}

export type Answer = { result: unknown } | { error: string };

type Commands = Record<string, (argument: never) => unknown>;

export function answer(commands: Commands): void {
  process.on('message', (question: Question) => {
    void reply(commands, question).then((said) => process.send?.(said));
  });
  process.on('disconnect', () => process.exit());
}

async function reply(commands: Commands, { command, argument }: Question): Promise<Answer> {
  try {
    const run = commands[command];
    if (run === undefined) throw new Error(`there is no command ${command}`);
    return { result: await run(argument as never) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
