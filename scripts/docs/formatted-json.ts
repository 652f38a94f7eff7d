/** JSON in the very form that the format check wants, by the formatter itself. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export function formattedJson(name: string, value: unknown): string {
  const input = JSON.stringify(value, undefined, 2);
  return execFileSync(join(root, 'node_modules/.bin/biome'), ['format', `--stdin-file-path=docs/${name}`], {
    cwd: root,
    input,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}` },
  });
}
