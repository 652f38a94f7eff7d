/**
 * The names of everything in a command's directory: those of a member's, as far as a command has them. It has one
 * incarnation and reports nothing; its `work` is a link to where it starts.
 */
import { join } from 'node:path';
import type { LogSource } from '@tutti/protocol';
import { Layout } from '../members/layout.ts';

const SOURCES = ['stdout', 'stderr'] as const satisfies readonly LogSource[];

/** In the directory of the member it was started for. */
export function commandDirectory(member: string, number: number): string {
  return join(member, `cmd-${number}`);
}

export function isCommandDirectory(name: string): boolean {
  return /^cmd-\d+$/.test(name);
}

export class CommandLayout extends Layout {
  override get all(): Layout[] {
    return [this];
  }

  override get sources(): readonly LogSource[] {
    return SOURCES;
  }

  /** The requests for signals that were carried out, one a line. */
  get signalled(): string {
    return join(this.dir, 'signalled');
  }

  /** There once the master has all of it. */
  get collected(): string {
    return join(this.dir, 'collected');
  }

  override get mark(): string {
    return `TUTTI_COMMAND=${this.dir}\0`;
  }

  override get notMark(): undefined {
    return undefined;
  }
}
