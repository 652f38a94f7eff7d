/** This software's name and version, as peers and `--version` see it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './installation.ts';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

export const SOFTWARE = `tutti ${version}`;
