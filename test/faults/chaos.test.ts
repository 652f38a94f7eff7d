/** A short run of the fault suite, with one seed. The long ones are `npm run faults`. */
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { chaos } from './chaos.ts';
import { canHarm } from './tools.ts';

const SEED = 3050;
const SECONDS = 45;

test.skipIf(canHarm() !== undefined)(
  `what was promised holds under ${SECONDS} s of faults with seed ${SEED} (needs root and namespaces)`,
  { timeout: 420_000 },
  async () => {
    const said: string[] = [];
    const outcome = await chaos({ seed: SEED, seconds: SECONDS, log: (line) => said.push(line) });
    const { violations, faults, checked, dir } = outcome;
    process.stdout.write(
      `seed ${SEED}; faults injected: ${JSON.stringify(faults)}; invariants checked: ${JSON.stringify(checked)}\n`,
    );
    expect(violations, `${said.join('\n')}\nall that is known is in ${dir}`).toEqual([]);
    await rm(dir, { recursive: true });
  },
);
