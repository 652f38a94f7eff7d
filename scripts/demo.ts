/** `npm run demo`: becomes `tutti run examples/traffic/traffic.yaml --local`, on the build in dist/. */
import { join } from 'node:path';

import { provideTools } from './debian-tools.ts';

const root = join(import.meta.dirname, '..');
const suite = join(root, 'examples/traffic/traffic.yaml');

// Without them it still runs where Python is there, all on this host's own network.
provideTools(['iproute2', 'python3', 'util-linux'], 'the demo may fail without them');

if (process.execve === undefined) throw new Error('needs Node.js 24.11 or newer, on Linux');
process.execve(process.execPath, [process.execPath, join(root, 'dist/tutti.js'), 'run', suite, '--local']);
