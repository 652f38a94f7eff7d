/** What the logs of a machine's members hold after a crash: the master's copy may hold more, and never less. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KeptLog {
  run: number;
  test: string;
  member: string;
  stream: 'stdout' | 'stderr';
  incarnation: number;
  text: string;
}

interface Spec {
  run: { number: number };
  test: string;
  name: string;
}

export function keptLogs(state: string): KeptLog[] {
  const members = join(state, 'members');
  if (!existsSync(members)) return [];
  return readdirSync(members).flatMap((id) => {
    const dir = join(members, id);
    const spec = specOf(dir);
    if (spec === undefined) return [];
    return readdirSync(dir).flatMap((name) => {
      const [, stream, incarnation] = /^(stdout|stderr)\.(\d+)$/.exec(name) ?? [];
      if (stream !== 'stdout' && stream !== 'stderr') return [];
      const text = readFileSync(join(dir, name), 'utf8');
      return [
        {
          run: spec.run.number,
          test: spec.test,
          member: spec.name,
          stream,
          incarnation: Number(incarnation),
          text,
        },
      ];
    });
  });
}

function specOf(dir: string): Spec | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, 'spec.json'), 'utf8')) as Spec;
  } catch {
    return undefined; // it was never prepared to the end
  }
}
