/** Stories that a driver tells in each language, with what they need above them. */
import { python } from '../languages.ts';
import { drive, type Language, type Machines, type Outcome, type Story } from './world.ts';

export const LANGUAGES: Language[] = python.available ? ['TypeScript', 'Python'] : ['TypeScript'];

const PRELUDE: Story = {
  TypeScript: `import { expect, node, roles, test, until } from 'tutti';
const say = (value: unknown) => console.log(JSON.stringify(value));
`,
  Python: `import json, re, tutti
from tutti import node, roles, until
def say(value): print(json.dumps(value))
`,
};

/** Tells it to its end; `last` is the last line of stderr. */
export async function tellIn(
  language: Language,
  story: Story,
  machines?: Machines,
  env?: Record<string, string>,
): Promise<Outcome & { last: string }> {
  const outcome = await drive(language, PRELUDE[language] + story[language], machines, env);
  return { ...outcome, last: outcome.stderr.trimEnd().split('\n').at(-1) ?? '' };
}

/** What it said, line by line. */
export function said({ stdout }: Outcome): unknown[] {
  const lines = stdout.trimEnd().split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as unknown);
}
