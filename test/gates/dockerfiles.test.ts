/** What can be held of the images' recipes without building them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const ignored = lines('.dockerignore');

describe.for(['Dockerfile.master', 'Dockerfile.agent'])('%s', (file) => {
  const steps = instructions(file);

  test('copies only what exists, and what .dockerignore lets in', () => {
    const copies = steps.filter(({ name }) => name === 'COPY').map(({ text }) => text.split(/\s+/));
    expect(copies.length).toBeGreaterThan(0);
    for (const words of copies) {
      const [built, sources] = [
        words[0]?.startsWith('--from='),
        words.filter((word) => !word.startsWith('--')),
      ];
      for (const source of sources.slice(0, -1)) {
        const path = source.replace(/^\/src\//, '');
        expect(existsSync(join(root, path)), `${file}: ${path}`).toBe(true);
        if (built !== true) expect(ignored, `.dockerignore for ${file}`).toContain(`!${path}`);
      }
    }
  });

  test('starts a command that exists', () => {
    const [entry, command] = ['ENTRYPOINT', 'CMD'].map((name) => {
      const text = steps.find((step) => step.name === name)?.text ?? '[]';
      return JSON.parse(text) as string[];
    });
    expect(entry).toEqual(['tutti']);
    const { status, stderr } = spawnSync(join(root, 'packages/cli/bin/tutti'), [
      ...(command ?? []),
      '--help',
    ]);
    expect(status, String(stderr)).toBe(0);
  });

  test('builds on images with a tag that says which', () => {
    const bases = steps.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(/\s+/)[0]);
    expect(bases.length).toBeGreaterThan(1);
    for (const base of bases) expect(base).toMatch(/^[a-z]+:(?!latest)[\w.-]+$/);
  });
});

test('the master does not run as root and says when it is not well', () => {
  const names = instructions('Dockerfile.master').map(({ name }) => name);
  expect(names).toContain('USER');
  expect(names).toContain('HEALTHCHECK');
});

function lines(file: string): string[] {
  return readFileSync(join(root, file), 'utf8').split('\n');
}

/** Instructions in order, continued lines joined, comments gone. */
function instructions(file: string): { name: string; text: string }[] {
  const code = lines(file).filter((line) => !line.startsWith('#'));
  return code
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ name: line.split(' ')[0] ?? '', text: line.slice(line.indexOf(' ') + 1) }));
}
