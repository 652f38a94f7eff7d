/** What was started on the machines of members: folded, for each member one list, with what each command printed last. */
import type { ReportAttempt, ReportCommand } from '@tutti/protocol';
import { type FilesOf, isBelow } from '../run-files.ts';
import { bounded } from '../texts.ts';
import { type Html, html, link, type Value } from './escape.ts';
import { more, numbers, table } from './table.ts';
import { duration, size } from './words.ts';

/** Of one member; the rest is in report.yaml. */
const ROWS = 200;
const TEXT = 500;

export function commandsHtml({ commands = [] }: ReportAttempt, files: FilesOf): Value {
  const byMember = Map.groupBy(commands, ({ member }) => member);
  const lists = [...byMember].map(([member, own]) => ofMember(member, own, files));
  return lists.length === 0 ? '' : html`<h4>Commands</h4>${lists}`;
}

function ofMember(member: string, commands: readonly ReportCommand[], files: FilesOf): Html {
  const bad = commands.filter((command) => !isGood(command)).length;
  const words = `${commands.length} ${commands.length === 1 ? 'command' : 'commands'}${bad > 0 ? `, ${bad} not 0` : ''}`;
  return html`<details class="log"><summary>${member} <small>${words}</small></summary>
${table({
  name: 'commands',
  caption: `Commands on ${member}`,
  headed: true,
  columns: [numbers('No.'), 'Command', 'By', 'End', numbers('At'), numbers('Time'), 'Output'],
  rows: commands.slice(0, ROWS).map((command) => row(command, files)),
  note: more(commands.length - ROWS, 'commands are'),
})}</details>`;
}

function row(command: ReportCommand, files: FilesOf): Html {
  const { number, name, command: line, by = 'an operator', started, duration: seconds, dir } = command;
  const whole = line === name ? '' : html`<br><small>${bounded(line, TEXT)}</small>`;
  return html`<tr><td class="num">${number}<th scope="row">${bounded(name, TEXT)}${whole}<td>${by}<td class="end">${end(command)}
<td class="num">${started === undefined ? '–' : duration(started)}<td class="num">${seconds === undefined ? '–' : duration(seconds)}
<td class="files">${outputs(dir, files)}`;
}

function end({ exit, signal, stopped, cause, ended }: ReportCommand): Value {
  if (cause !== undefined) return html`<span class="cause">${cause}</span>`;
  return stopped ?? signal ?? (exit === undefined ? (ended === undefined ? 'running' : '–') : `exit ${exit}`);
}

function isGood({ exit, stopped, ended }: ReportCommand): boolean {
  return exit === 0 || stopped !== undefined || ended === undefined;
}

function outputs(dir: string, files: FilesOf): Value {
  if (!isBelow(dir)) return '';
  return (files(dir)?.logs ?? []).flatMap(({ name, size: bytes, tail }) => {
    if (bytes === 0) return [];
    const whole = html`<a href="${link(dir, name)}" title="${size(bytes)}">${name}</a>`;
    if (tail === undefined || tail === '') return [html`${whole} `];
    return [
      html`<details><summary>${name} <small>${size(bytes)}</small></summary><pre tabindex="0">${tail}</pre>${whole}</details>`,
    ];
  });
}
