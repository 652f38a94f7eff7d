/** What a test was at when its time was over, in one sentence. */
import type { CommandUnderWay } from '../commands/live-command.ts';
import { seconds } from '../sync/barrier.ts';
import { circles, describeCircle, missingInWords, type Wait } from '../sync/wait-graph.ts';
import type { HeldStarts } from './held-starts.ts';
import type { MemberUnderWay } from './live-member.ts';

const SHOWN = 5;

export interface UnderWay {
  readonly waits: readonly Wait[];
  readonly members: readonly MemberUnderWay[];
  readonly held: HeldStarts;
  /** That have not ended. */
  readonly commands: readonly CommandUnderWay[];
  /** Unix ms, master time. */
  readonly wallMs: number;
}

/** Who waits for whom, who does not wait at all, and which commands still run. */
export function describeUnderWay({ waits, members, held, commands, wallMs }: UnderWay): string {
  const sentences = waits.map((wait) => {
    const { member, on, since } = wait;
    const missing = missingInWords(wait);
    const forWhom =
      missing.length === 0
        ? ''
        : `, missing ${missing.slice(0, SHOWN).join(', ')}${missing.length > SHOWN ? ' …' : ''}`;
    return `${member} has waited at ${on} for ${seconds(wallMs / 1000 - since)}${forWhom}`;
  });
  const waiting = new Set(waits.map(({ member }) => member));
  const busy = members
    .filter(({ ended, name, model }) => !ended && model.driven !== true && !waiting.has(name))
    .filter((member) => !held.holds(member))
    .map((member) => `${member.name} on ${member.node}`);
  if (busy.length > 0) sentences.push(`${some(busy)} still running`);
  const running = commands.map(
    ({ words, model }) => `${words} for ${seconds((wallMs - (model.started ?? model.asked)) / 1000)}`,
  );
  if (running.length > 0) sentences.push(`commands still running: ${some(running)}`);
  sentences.push(...held.inWords());
  for (const circle of circles(waits).slice(0, SHOWN)) sentences.push(describeCircle(circle));
  const more = sentences.length > SHOWN * 2 ? `; and ${sentences.length - SHOWN * 2} more` : '';
  return sentences.slice(0, SHOWN * 2).join('; ') + more;
}

function some(words: readonly string[]): string {
  return `${words.slice(0, SHOWN).join(', ')}${words.length > SHOWN ? ' …' : ''}`;
}
