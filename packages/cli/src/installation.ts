/** Where this command is installed, and what lies beside it. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The bundle, dist/tutti.js or a chunk beside it; in tests the sources. */
const here = dirname(fileURLToPath(import.meta.url));

/** The package's directory. */
export const root = here.endsWith('dist') ? dirname(here) : join(here, '../../..');

/** What scripts are given: index.js, shim.js, python/. */
export const sdkDir = join(root, 'dist/sdk');

/** How to start this command again. */
export const selfCommand: readonly string[] = [process.execPath, join(root, 'dist/tutti.js')];
