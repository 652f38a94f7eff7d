/**
 * One command on this machine: started for a driver's sake on a member's machine, or by an operator for nobody's. Supervised
 * as a member is; what it started ends with it. It has no socket and no reports of its own: in a member's directory it speaks
 * by that one's socket, and ends before that one is stopped.
 */
import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { type CommandSpec, type Exit, type Signal, TuttiError } from '@tutti/protocol';
import type { MemberContext } from '../members/context.ts';
import type { Member } from '../members/member.ts';
import type { MemberState } from '../members/member-state.ts';
import { Supervised } from '../members/supervised.ts';
import { Masks } from '../secrets/masks.ts';
import { untilExists } from '../waits/file.ts';
import { wordsOf } from './command-directory.ts';
import { machineCommandEnvironment } from './command-environment.ts';
import type { CommandLayout } from './command-layout.ts';
import { SignalsSent } from './signals-sent.ts';

export class Command extends Supervised<CommandSpec> {
  /** In whose directory it is. */
  readonly of: Member | undefined;
  readonly #layout: CommandLayout;
  readonly #signals: SignalsSent;
  #collected: boolean;

  constructor(
    spec: CommandSpec,
    layout: CommandLayout,
    of: Member | undefined,
    context: MemberContext,
    state: MemberState = { at: 'prepared' },
  ) {
    // Nobody else acts at its timeout.
    super(spec, layout, context, state, 0);
    this.of = of;
    this.#layout = layout;
    this.#signals = new SignalsSent(layout.signalled);
    this.#collected = existsSync(layout.collected);
  }

  /** The master has all of it: it goes with its member, and until then nobody asks after it. */
  get collected(): boolean {
    return this.#collected;
  }

  /** Where it cannot be written down, the next agent says once more how it ended. */
  async noteCollected(): Promise<void> {
    this.#collected = true;
    await writeFile(this.#layout.collected, '').catch(() => undefined);
  }

  override get masks(): Masks {
    return this.of?.masks ?? new Masks([]);
  }

  /** Ends it because its machine goes down: that is how it has ended then. */
  endForReboot(): void {
    if (this.state.at === 'prepared') this.stop('test-over');
    else this.handle({ is: 'reboot', byScript: false });
  }

  /** Sends a signal to all its processes, once for each request. Nothing to do for one that has ended. */
  async kill(request: string, signal: Signal): Promise<void> {
    await this.#signals.once(request, async () => {
      await this.#begun();
      if (this.isLive) await this.processes.signal(`SIG${signal}`);
    });
  }

  protected override async makeReady(): Promise<void> {
    const { spec } = this;
    const start = startDirectory(spec, this.of, this.context.machine.home);
    const isDirectory = await stat(start).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (!isDirectory)
      throw new TuttiError(
        'NO_SUCH_FILE',
        `${spec.name} cannot start in ${start}: ${spec.node} has no such directory`,
      );
  }

  protected override async command(): Promise<readonly string[]> {
    return wordsOf(this.spec, this.#layout);
  }

  protected override environment(): Record<string, string> {
    const { env } = this.spec;
    const whole =
      this.of?.environment(undefined, env) ?? machineCommandEnvironment(this.context.machine, env);
    return { ...whole, TUTTI_COMMAND: this.layout.dir };
  }

  protected override async goDown(): Promise<void> {
    this.handle({ is: 'not-rebooted', message: 'its machine reboots' });
  }

  protected override toldExit(exit: Exit): Exit {
    return exit.how === 'not-rebooted' ? { how: 'rebooted' } : exit;
  }

  /** Resolves when its first process is known, or there will be none. */
  async #begun(): Promise<void> {
    if (!this.isLive || this.processes.recorded) return;
    const over = new AbortController();
    const pid = untilExists(this.layout.pid, over.signal).catch(() => undefined);
    await Promise.race([pid, this.ended]);
    over.abort();
    await pid;
  }
}

/** Where a command starts. */
export function startDirectory(
  { cwd }: Pick<CommandSpec, 'cwd'>,
  of: Member | undefined,
  home: string,
): string {
  const base = of?.layout.work ?? home;
  if (cwd === undefined) return base;
  return isAbsolute(cwd) ? cwd : join(base, cwd);
}
