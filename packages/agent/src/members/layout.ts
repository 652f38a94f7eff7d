/** The names of everything in a member directory, in one place. `n` is the incarnation. */
import { join } from 'node:path';
import type { LogSource } from '@tutti/protocol';

const LOG_SOURCES = ['stdout', 'stderr', 'events'] as const satisfies readonly LogSource[];

export class Layout {
  readonly dir: string;
  readonly n: number;

  constructor(dir: string, n = 0) {
    this.dir = dir;
    this.n = n;
  }

  /** That of the machine's next boot. */
  get next(): Layout {
    return new Layout(this.dir, this.n + 1);
  }
  /** This one and those before it, oldest first. */
  get all(): Layout[] {
    return Array.from({ length: this.n + 1 }, (_, n) => new Layout(this.dir, n));
  }

  // Written once, when the directory is made.
  get spec(): string {
    return join(this.dir, 'spec.json');
  }
  /** The machine's boot at that time: on another one some of its files may be missing or torn. */
  get made(): string {
    return join(this.dir, 'made');
  }
  get topology(): string {
    return join(this.dir, 'topology.json');
  }
  get wrapper(): string {
    return join(this.dir, 'wrapper');
  }
  /** An inline script's text. */
  get script(): string {
    return join(this.dir, 'script');
  }
  get work(): string {
    return join(this.dir, 'work');
  }
  get out(): string {
    return join(this.dir, 'out');
  }
  get tmp(): string {
    return join(this.dir, 'tmp');
  }
  get sdkLink(): string {
    return join(this.dir, 'node_modules', 'tutti');
  }

  // The ways out of the script's processes.
  get pipes(): readonly [string, string] {
    return [join(this.dir, 'stdout.pipe'), join(this.dir, 'stderr.pipe')];
  }
  /** Held by the wrapper, on descriptor 3. */
  get alive(): string {
    return join(this.dir, `alive.${this.n}`);
  }
  /** Held by the two relays, on descriptor 4. */
  get drained(): string {
    return join(this.dir, `drained.${this.n}`);
  }
  /** The logs that there are. */
  get sources(): readonly LogSource[] {
    return LOG_SOURCES;
  }
  log(source: LogSource): string {
    return join(this.dir, `${source}.${this.n}`);
  }

  /** What of it a script's environment names. */
  get places(): { readonly out: string; readonly topology: string; readonly tmp: string } {
    return { out: this.out, topology: this.topology, tmp: this.tmp };
  }

  // Written by the agent.
  /** `StartRecord`: a start was decided. */
  get started(): string {
    return join(this.dir, `started.${this.n}`);
  }
  /** A stop was decided: the reason, or nothing. A wrapper that comes late sees it and does not start the script. */
  get stop(): string {
    return join(this.dir, `stop.${this.n}`);
  }
  /** `RebootMark`: a reboot was announced. */
  get reboot(): string {
    return join(this.dir, `reboot.${this.n}`);
  }
  /** From the announcement on: arrivals at barriers that the script has not been told of. */
  get unanswered(): string {
    return join(this.dir, `unanswered.${this.n}`);
  }
  /** `Checkpoint`: how much time is left, over all incarnations. */
  get deadline(): string {
    return join(this.dir, 'deadline.json');
  }
  /** `MemberEnd`. */
  get end(): string {
    return join(this.dir, 'end.json');
  }

  // Written by the wrapper.
  get claim(): string {
    return join(this.dir, `claim.${this.n}`);
  }
  get wrapperPid(): string {
    return join(this.claim, 'wrapper');
  }
  get pid(): string {
    return join(this.dir, `pid.${this.n}`);
  }
  get status(): string {
    return join(this.dir, `status.${this.n}`);
  }

  /** What every process of the member carries in its environment, unless it cleared it. */
  get mark(): string {
    return `TUTTI_OUT=${this.out}\0`;
  }
  /** What those of its processes carry that belong to something else in its directory: to commands. */
  get notMark(): string | undefined {
    return `TUTTI_COMMAND=${this.dir}/`;
  }
}
