/**
 * The driver's own frames of a stack: those of its files, with the line itself. What Node.js, the SDK and installed packages have
 * on the stack helps nobody who reads a test's report.
 */
import { readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where the SDK is: as it stands in its sources, and bundled. */
const here = import.meta.dirname;
const OWN = here.endsWith('/drive/failures') ? dirname(dirname(here)) : here;

/** `at f (file:///work/a.ts:3:7)`, `at async /work/a.ts:3:7` */
const FRAME = /^\s+at (?:.*? \()?(?:async )?((?:file:\/\/)?\/.+?):(\d+):(\d+)\)?$/;

/** What cannot be read as a program has its place in a line above its name. */
const MISTAKE = /^((?:file:\/\/)?\/.+):(\d+)\n.*\n( *)\^/;

export function ownFrames(stack: string): Frame[] {
  const [, mistaken, at, indent = ''] = MISTAKE.exec(stack) ?? [];
  if (mistaken !== undefined)
    return [{ file: pathOf(mistaken), line: Number(at), column: indent.length + 1 }];
  return stack.split('\n').flatMap((text) => {
    const [, where = '', line, column] = FRAME.exec(text) ?? [];
    if (where === '') return [];
    const file = pathOf(where);
    if (isForeign(file)) return [];
    return [{ file, line: Number(line), column: Number(column) }];
  });
}

function pathOf(where: string): string {
  return where.startsWith('file:') ? fileURLToPath(where) : where;
}

function isForeign(file: string): boolean {
  return file.startsWith(`${OWN}/`) || file.includes('/node_modules/');
}

/** `failover.ts:9:31` */
export function place({ file, line, column }: Frame): string {
  const near = relative(process.cwd(), file);
  return `${near.startsWith('..') ? file : near}:${line}:${column}`;
}

/** The line itself, if the file is still there and the line not one of a bundle. */
export function sourceLine({ file, line }: Frame): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').split('\n')[line - 1]?.trimEnd();
    return text === undefined || text.trim() === '' || text.length > 200 ? undefined : text;
  } catch {
    return undefined;
  }
}
