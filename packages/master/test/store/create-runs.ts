/** Makes run directories: `create-runs ROOT COUNT` prints the number of each. Several of these at once share a root. */
import { RunDirectories } from '../../src/store/run-directories.ts';

const [root = '', count = '0'] = process.argv.slice(2);
const directories = new RunDirectories(root);
const made = Array.from({ length: Number(count) }, () => directories.create('suite'));
const numbers = (await Promise.all(made)).map(({ number }) => number);
process.stdout.write(`${JSON.stringify(numbers)}\n`);
