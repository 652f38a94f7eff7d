/**
 * Loaded into daemons by `NODE_OPTIONS=--import`: a wall clock that is stepped by writing milliseconds into a file. It stands for
 * settimeofday(2), which would step the clock of everybody on this machine. Monotonic time is left alone, as it is by that.
 */
import { readFileSync, watch } from 'node:fs';

const { TUTTI_FAULTS_CLOCK: file } = process.env;
if (file !== undefined) {
  const RealDate = Date;
  const offset = () => Number(readFileSync(file, 'utf8')) || 0;
  let step = offset();
  watch(file, { persistent: false }, () => {
    step = offset();
  });
  const now = () => RealDate.now() + step;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: [], of) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, of) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, name, of) => (name === 'now' ? now : (Reflect.get(target, name, of) as unknown)),
  });
}
