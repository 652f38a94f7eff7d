/**
 * A daemon that does nothing, as a process of its own: `node daemon-process.ts STATE [WORD]…`. It prints how it was
 * closed. Words: `private`; `unready`, never ready; `stuck`, never closed; `refused`, fails when `STATE/refuse` comes;
 * `unclosable`, fails to close.
 */
import { watch } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { runDaemon } from '../src/daemon.ts';
import { showError } from '../src/show-error.ts';

const [state = '', ...words] = process.argv.slice(2);
const failed = Promise.withResolvers<never>();
/** What the sockets of a real one do. */
const alive = setInterval(() => {}, 1 << 30);
if (words.includes('refused')) {
  const watcher = watch(state, (_event, name) => {
    if (name !== null && basename(name) === 'refuse')
      failed.reject(new TuttiError('SUPERSEDED', 'another came'));
  });
  failed.promise.catch(() => watcher.close());
}
try {
  process.exitCode = await runDaemon(
    {
      state,
      ready: words.includes('unready') ? new Promise(() => {}) : Promise.resolve({ url: 'ws://x:1' }),
      failed: failed.promise,
      async close({ private: isPrivate }) {
        await writeFile(`${state}.closed`, isPrivate ? 'private' : 'not private');
        if (words.includes('stuck')) await new Promise(() => {});
        clearInterval(alive);
        if (words.includes('unclosable')) throw new Error('it does not close');
      },
    },
    { isPrivate: words.includes('private') },
  );
} catch (error) {
  process.exitCode = showError(error, process.stderr);
}
