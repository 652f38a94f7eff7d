import { labelNodes } from '@tutti/client';
import { TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, note, withMaster } from '../connect.ts';
import { nodeNames } from '../node-names.ts';

const EXAMPLES = `
Examples:
  tutti label n1 gpu rack=a       set two labels, one without a value
  tutti label 'web[1-8]' rack-    remove one from several
`;

export function addLabel(program: Command): void {
  const command = program
    .command('label')
    .argument('<node>', 'its name, or a set such as web[1-8]')
    .argument('<label...>', 'KEY=VALUE or KEY to set it, KEY- to remove it')
    .description('set and remove labels of machines, over those that their agents were given');
  addMasterOptions(command).addHelpText('after', EXAMPLES).action(label);
}

async function label(node: string, words: readonly string[], flags: MasterFlags): Promise<void> {
  const change = changes(words);
  const names = nodeNames([node]);
  for (const view of await withMaster(flags, (client) => labelNodes(client, names, change))) {
    const labels = Object.entries(view.labels).map(([key, value]) =>
      value === '' ? key : `${key}=${value}`,
    );
    note(`${view.name} has ${labels.length === 0 ? 'no labels' : labels.join(' ')}`);
  }
}

/** Throws `USAGE`. */
function changes(words: readonly string[]): { set: Record<string, string>; remove: string[] } {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const word of words) {
    const [, key = '', sign, value = ''] = /^([^=]+?)(?:(-)|=(.*))?$/s.exec(word) ?? [];
    if (key === '') throw new TuttiError('USAGE', `"${word}" is no label: write KEY=VALUE, KEY or KEY-`);
    if (sign === '-') remove.push(key);
    else set[key] = value;
  }
  const both = remove.find((key) => Object.hasOwn(set, key));
  if (both !== undefined) throw new TuttiError('USAGE', `label "${both}" cannot be set and removed at once`);
  return { set, remove };
}
