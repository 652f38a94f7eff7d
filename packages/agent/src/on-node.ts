/** What the master has this agent do on its machine for drivers, operators and programs: the handlers of `onNodeCalls`. */
import { type BlobCache, type Clock, getJson, type Handlers } from '@tutti/link';
import { Manifest, type onNodeCalls, TuttiError, validate } from '@tutti/protocol';
import { placeOf } from './files/place.ts';
import { readTree } from './files/read-tree.ts';
import { sendTree } from './files/send-tree.ts';
import { writeTree } from './files/write-tree.ts';
import type { Members } from './members/members.ts';
import type { MasterSession } from './ship/master-link.ts';
import { waitFor } from './waits/wait.ts';

export interface OnNodeDeps {
  readonly members: Members;
  readonly cache: BlobCache;
  /** This machine's name. */
  readonly node: string;
  readonly boot: string;
  /** Brings the machine down; throws `CANNOT_REBOOT`. */
  readonly reboot: () => Promise<void>;
  /** By which the asking master is told. */
  readonly session: () => MasterSession;
  /** A command is to be shipped. */
  readonly onStarted: (command: string) => void;
}

/** What is told of what a tree lacks. */
const SKIPPED = 1000;

type OnNodeHandlers = Pick<Handlers<'master→agent'>, keyof typeof onNodeCalls>;

export function onNodeHandlers(deps: OnNodeDeps): OnNodeHandlers {
  const { members, cache, node, boot } = deps;

  return {
    'command.start': async ({ spec }) => {
      await members.startCommand(spec);
      deps.onStarted(spec.member);
      return {};
    },
    'command.kill': async ({ member, request, signal }) => {
      await members.killCommand(member, request, signal);
      return {};
    },
    'files.write': async ({ of, path, kind, manifest, mode }, { signal }) => {
      const place = placeOf(path, members.startDirectory(of));
      const entries = validate(Manifest, await getJson(cache, manifest), 'BAD_PARAMS', 'the manifest');
      return writeTree(place, { kind, manifest: entries, mode }, { contents: cache, node, signal });
    },
    'files.read': async ({ of, path }, { signal }) => {
      const tree = await readTree(placeOf(path, members.startDirectory(of)), node, signal);
      const skipped = tree.skipped.slice(0, SKIPPED);
      const staged = await sendTree(tree, deps.session(), signal);
      return { ...staged, ...(skipped.length === 0 ? {} : { skipped }) };
    },
    'machine.wait': async ({ of, for: awaited }, { signal }) => {
      const base = members.startDirectory(of);
      const place = {
        node,
        place: (path: string) => placeOf(path, base),
        command: (id: string) => members.searched(id),
        masks: members.masks(of ?? ''),
      };
      return waitFor(awaited, place, signal);
    },
    'machine.reboot': async ({ boot: asked }) => {
      if (asked !== boot) return {};
      if (members.occupied)
        throw new TuttiError('CANNOT_REBOOT', `${node} is not rebooted: members of a run live on it`);
      await deps.reboot();
      return {};
    },
  };
}

/** A machine that has not gone down by then may be asked again. */
const GOING_DOWN_MS = 60_000;

/** Done once for all who ask meanwhile, such as a master that has not heard the answer; again where it failed. */
export function onceDone(work: () => Promise<void>, clock: Pick<Clock, 'after'>): () => Promise<void> {
  let doing: Promise<void> | undefined;
  const forget = () => {
    doing = undefined;
  };
  return () => {
    doing ??= work().then(
      () => void clock.after(GOING_DOWN_MS, forget),
      (thrown: unknown) => {
        forget();
        throw thrown;
      },
    );
    return doing;
  };
}
