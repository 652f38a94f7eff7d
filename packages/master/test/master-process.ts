/** A real master in a process of its own, that tells its parent what it holds and how large it is: for tests that try to break it. */
import { createLog, startMaster } from '../src/index.ts';

const [state = ''] = process.argv.slice(2);
const log = createLog({ daemon: 'master', level: 'fatal', out: { write: () => undefined } });
const master = await startMaster({ state, listen: '127.0.0.1:0', software: 'fuzz', log });
process.send?.({ url: master.url });
process.on('message', (wish) => {
  if (wish === 'look') process.send?.({ holds: master.debugState(), rss: process.memoryUsage.rss() });
  else void master.close().then(() => process.disconnect?.());
});
