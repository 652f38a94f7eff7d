/**
 * What is bundled into what. `scripts/build.ts` builds these and what is not JavaScript.
 *
 * - `dist/tutti.js`: the command. Workspaces are bundled in, and zod, most of which nobody needs; other packages stay in
 *   node_modules. Split, so that `tutti run` never loads the master and the agent never loads the CLI's commands.
 *   `dist/pty-host.js`, beside it: the process that an agent starts for each terminal.
 * - `dist/client/index.js`: what a program imports as `tutti/client`.
 * - `dist/sdk/index.js` and `dist/sdk/shim.js`: what lands beside a test's scripts on any machine. One file each,
 *   nothing to install; the shim starts on every `tutti` call of a script and must stay small. Two more are for drivers:
 *   `expect.js`, loaded when it is first used, and `driver.js`, loaded by the agent before the script.
 */
import { defineConfig, type Options } from 'tsup';

const common: Options = {
  format: 'esm',
  target: 'node24',
  platform: 'node',
  removeNodeProtocol: false,
  sourcemap: true,
  config: false,
  silent: true,
};

export const bundles: Options[] = [
  {
    ...common,
    entry: { tutti: 'packages/cli/src/main.ts', 'pty-host': 'packages/agent/src/terminal/pty-host.ts' },
    outDir: 'dist',
    splitting: true,
    noExternal: [/^@tutti\//, 'zod'],
  },
  {
    ...common,
    entry: { index: 'packages/client/src/program.ts' },
    outDir: 'dist/client',
    splitting: false,
    noExternal: [/^@tutti\//],
  },
  {
    ...common,
    entry: { index: 'packages/sdk/src/index.ts' },
    outDir: 'dist/sdk',
    splitting: false,
    noExternal: [/.*/],
  },
  {
    ...common,
    entry: {
      expect: 'packages/sdk/src/drive/expect/library.ts',
      driver: 'packages/sdk/src/drive/preload.ts',
    },
    outDir: 'dist/sdk',
    splitting: false,
    noExternal: [/.*/],
    sourcemap: false,
    minify: true,
  },
  {
    ...common,
    entry: { shim: 'packages/sdk/src/shim.ts' },
    outDir: 'dist/sdk',
    splitting: false,
    noExternal: [/.*/],
    sourcemap: false,
    minify: true,
  },
];

export default defineConfig(bundles);
