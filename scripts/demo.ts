/** `npm run demo`: becomes `tutti run examples/traffic/traffic.yaml --local`, on the build in dist/. */
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const suite = join(root, 'examples/traffic/traffic.yaml');

if (process.execve === undefined) throw new Error('needs Node.js 24.11 or newer, on Linux');
process.execve(process.execPath, [process.execPath, join(root, 'dist/tutti.js'), 'run', suite, '--local']);
