/** Machines that can be rebooted, as far as one machine can play them: an agent, a boot id, and a sudden end of all. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type RunningAgent, type RunningMaster, startAgent } from './daemons.ts';
import { kill, processesWith } from './processes.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { eventually } from './tutti.ts';

export class Machine {
  readonly name: string;
  readonly #flag: string;
  readonly #command: string;
  #agent: RunningAgent | undefined;
  #boots = 0;

  /** `command` is its reboot command; by default one that succeeds, and says that it was called. */
  static async start(
    master: Pick<RunningMaster, 'url' | 'tokenFile'>,
    name: string,
    command?: string,
  ): Promise<Machine> {
    const machine = new Machine(name, join(await temporaryDirectory(), 'rebooted'), command);
    await machine.boot(master);
    return machine;
  }

  private constructor(name: string, flag: string, command: string | undefined) {
    this.name = name;
    this.#flag = flag;
    this.#command = command ?? `echo down >>${flag}`;
  }

  get state(): string {
    return this.#running.state;
  }

  /** Its reboot command was called. */
  get toldToReboot(): boolean {
    return existsSync(this.#flag);
  }

  /** What runs on it beside its agent. */
  members(): string[] {
    const { pid } = this.#running.process;
    return processesWith(this.state)
      .filter((found) => found.pid !== pid)
      .map(({ commandLine }) => commandLine);
  }

  /** Agents start at boot; another boot than the last has another id. */
  async boot(master: Pick<RunningMaster, 'url' | 'tokenFile'>): Promise<void> {
    this.#boots += 1;
    const args = ['--reboot-command', this.#command, '--boot-id', `${this.name}-boot-${this.#boots}`];
    const state = this.#agent?.state;
    this.#agent = await startAgent(master, {
      name: this.name,
      args,
      ...(state === undefined ? {} : { state }),
    });
    // Before the agent's own end: nobody would know these processes for members of another boot.
    onTestFinished(() => this.crash());
  }

  /** As when the power goes: nothing lives, and nothing had the time to say so. */
  async crash(): Promise<void> {
    const { state, process } = this.#running;
    process.kill('SIGKILL');
    await process.ended;
    await eventually(() => {
      const left = processesWith(state);
      for (const { pid } of left) kill(pid);
      return left.length === 0;
    });
  }

  get #running(): RunningAgent {
    if (this.#agent === undefined) throw new Error(`${this.name} was never started`);
    return this.#agent;
  }
}
