/** Commands of an attempt in the words of report.yaml, at most so many of them. Pure. */
import type { ReportCommand } from '@tutti/protocol';
import type { AttemptRun, CommandRun } from '../runs/model.ts';
import { milliseconds, present, since } from '../runs/report-values.ts';
import { describeEnd } from '../runs/verdict.ts';

/** Of one attempt; of more the first and the last ones. */
const MOST = 1000;

/** Absent where there are none. */
export function commandReports({ opened, commands }: AttemptRun): ReportCommand[] | undefined {
  if (commands.length === 0) return undefined;
  const shown =
    commands.length <= MOST ? commands : [...commands.slice(0, MOST / 2), ...commands.slice(-MOST / 2)];
  return shown.map((command) => commandReport(opened, command));
}

export function commandsOmitted({ commands }: AttemptRun): number | undefined {
  return commands.length > MOST ? commands.length - MOST : undefined;
}

function commandReport(opened: number | undefined, command: CommandRun): ReportCommand {
  const { of: member, number, title, line, by, end, lost, started, ended, dir } = command;
  const instant = (at: number | undefined) =>
    at === undefined || opened === undefined ? undefined : since(opened, at);
  const exit = end?.exit;
  const plain = exit?.how === 'exited' || exit?.how === 'signalled';
  return {
    member,
    number,
    name: title,
    command: line,
    ...present({
      by,
      exit: exit?.how === 'exited' ? exit.code : undefined,
      signal: exit?.how === 'signalled' ? exit.signal : undefined,
      stopped: end?.stopped?.replace('-', ' '),
      cause: lost ?? (end === undefined || plain || end.stopped !== undefined ? undefined : describeEnd(end)),
      started: instant(started),
      ended: instant(ended),
      duration: end && milliseconds(end.duration),
    }),
    dir,
  };
}
