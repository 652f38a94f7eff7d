/** Ctrl-C, SIGTERM and SIGHUP: the first asks for an orderly end, the second does not wait for it. */
import { EXIT, TuttiError } from '@tutti/protocol';

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  stop(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function onInterrupt(told: (signal: string) => void): Interrupt {
  const controller = new AbortController();
  const listener = (signal: NodeJS.Signals) => {
    // Private daemons notice the end of this process by their lifelines.
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    told(signal);
    controller.abort(new TuttiError('CANCELLED', `cancelled by ${signal}`));
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    signal: controller.signal,
    stop() {
      for (const signal of SIGNALS) process.off(signal, listener);
    },
  };
}
