/** A program's connection to a fake master that has some machines and runs, and does on machines what a test says. */
import type { Handlers } from '@tutti/link';
import type { NodeChanges, NodeView, RunChanges, RunRow, SeenChanges } from '@tutti/protocol';
import { TuttiError } from '@tutti/protocol';
import { onTestFinished } from 'vitest';
import { connectIn, type Tutti } from '../../src/objects/connect.ts';
import { FakeMaster, head, ID, TOKEN } from '../fake-master.ts';

type Asked = Handlers<'client→master'>;
type Signal = Parameters<Asked['nodes.watch']>[1]['signal'];

/** Answers the first question with all there is, and the next ones with what `tell` gives, in turn. */
class FakeWatch<T extends NodeChanges | RunChanges> {
  readonly #told: T[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(first: Pick<T, 'changed'>) {
    this.tell({ ...first, fresh: true } as Partial<T>);
  }

  async ask({ since }: { since?: SeenChanges | undefined }, { signal }: { signal: Signal }): Promise<T> {
    const withdrawn = aborted(signal);
    for (;;) {
      const next = this.#told[since?.revision ?? 0];
      if (next !== undefined) return next;
      await Promise.race([this.#wake.promise, withdrawn]);
    }
  }

  tell(changes: Partial<T>): void {
    const seen = { epoch: ID, begun: 0, revision: this.#told.length + 1 };
    this.#told.push({ changed: [], gone: [], more: false, fresh: false, seen, ...changes } as never);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** Rejects then. */
export function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(new TuttiError('CANCELLED', 'withdrawn')), { once: true });
  promise.catch(() => {});
  return promise;
}

export interface Connected {
  readonly master: FakeMaster;
  readonly tutti: Tutti;
  readonly nodes: FakeWatch<NodeChanges>;
  readonly runs: FakeWatch<RunChanges>;
}

export async function connected(
  { nodes = ['n1', 'n2'], runs = [7] }: { nodes?: string[]; runs?: number[] } = {},
  handlers: Partial<Asked> = {},
  signal?: () => AbortSignal | undefined,
): Promise<Connected> {
  const master = await FakeMaster.open();
  const watches = {
    nodes: new FakeWatch<NodeChanges>({ changed: nodes.map((name) => nodeView(name)) }),
    runs: new FakeWatch<RunChanges>({ changed: runs.map((run) => runRow(run)) }),
  };
  master.handlers = {
    'nodes.watch': (asked, context) => watches.nodes.ask(asked, context),
    'runs.watch': (asked, context) => watches.runs.ask(asked, context),
    ...handlers,
  };
  const ambient = signal === undefined ? {} : { signal };
  const tutti = await connectIn({ master: master.address, token: TOKEN }, ambient, { env: {}, uid: 0 });
  onTestFinished(() => tutti.close());
  return { master, tutti, ...watches };
}

export function nodeView(name: string, more: Partial<NodeView> = {}): NodeView {
  const facts = { arch: 'x64', cpus: 4, kernel: '6.1', memory: 2 ** 30, os: 'Debian 13', addresses: [] };
  return {
    ...{ name, state: 'idle', connected: true, labels: {}, facts, software: 'tutti 0', since: 1 },
    ...more,
  };
}

export function runRow(run: number, more: Partial<RunRow> = {}): RunRow {
  return { ...head({ run }), started: 1, priority: 0, done: 0, notOk: 0, ...more };
}

/** What `node.ended` answers. */
export function ended(code: number, stdout = '', stderr = '') {
  const output = (text: string) => ({
    size: Buffer.byteLength(text),
    tail: Buffer.from(text).toString('base64'),
  });
  return {
    exit: { how: 'exited' as const, code },
    duration: 0.2,
    stdout: output(stdout),
    stderr: output(stderr),
  };
}
