/** One attempt: its members side by side on one timeline, its barriers, waits, subtests, logs and artifacts. */
import {
  isOk,
  type ReportAttempt,
  type ReportBarrier,
  type ReportMember,
  type ReportWait,
} from '@tutti/protocol';
import { type FilesOf, isBelow, type MemberFiles } from '../run-files.ts';
import { bounded } from '../texts.ts';
import { type Lane, membersToShow, type Release, type Timeline, timelineOf } from '../timeline.ts';
import { commandsHtml } from './commands.ts';
import { type Html, html, link, type Value } from './escape.ts';
import { axis, lane } from './lanes.ts';
import { more, numbers, table } from './table.ts';
import { badge, duration, size } from './words.ts';

/** More subtests or waits than this are left to report.yaml. */
const ROWS = 1000;
const CAUSE = 4000;

export function attemptHtml(attempt: ReportAttempt, files: FilesOf): Html {
  const timeline = timelineOf(attempt);
  return html`${pause(attempt)}
${members(attempt, timeline, files)}
${barriers(attempt, timeline)}
${waits(attempt)}
${subtests(attempt)}
${commandsHtml(attempt, files)}
${logs(attempt, files)}
${artifacts(attempt, files)}
${omitted(attempt)}`;
}

/** Times are those of the timeline. */
function pause({ pause: one }: ReportAttempt): Value {
  if (one === undefined) return '';
  const { from, to, cause, note = 'it was not over when the report was written' } = one;
  const when = to === undefined ? `since ${duration(from)}` : `from ${duration(from)} to ${duration(to)}`;
  return html`<p class="note">Paused ${when}: ${note}. <span class="cause">${bounded(cause, CAUSE)}</span></p>`;
}

function members(attempt: ReportAttempt, timeline: Timeline | undefined, files: FilesOf): Value {
  const shown = membersToShow(attempt.members);
  if (shown.length === 0) return '';
  const lanes = new Map(timeline?.lanes.map((each) => [each.member.member, each]));
  const when =
    timeline && html`<th scope="col" class="when">${axis(timeline)}<span class="unseen">Timeline</span>`;
  return table({
    name: 'members',
    caption: 'Members',
    columns: ['Member', 'Node', 'Status', 'End', numbers('Time'), ...(when ? [when] : []), 'Files'],
    rows: shown.map((member) => memberRow(member, timeline, lanes.get(member.member), files(member.dir))),
    note: more(attempt.members.length - shown.length, 'members, all of them like these or ok, are'),
  });
}

function memberRow(
  member: ReportMember,
  timeline: Timeline | undefined,
  own: Lane | undefined,
  files: MemberFiles | undefined,
): Html {
  const { member: name, node, status, essential, duration: seconds } = member;
  const when = timeline && html`<td class="when">${own && lane(own, timeline)}`;
  return html`<tr><th scope="row">${name}${essential === false ? html` <small>not essential</small>` : ''}
<td>${node}<td>${badge(status)}<td class="end">${end(member)}<td class="num">${seconds === undefined ? '–' : duration(seconds)}
${when}<td class="files">${fileLinks(member, files)}`;
}

/** How it ended; why that was not good says that too. */
function end({ exit, signal, stopped, cause, because_of }: ReportMember): Html {
  const how = stopped ?? signal ?? (exit === undefined ? '' : `exit ${exit}`);
  if (cause === undefined) return html`${how}`;
  const culprit = because_of === undefined ? '' : html`<small>because of ${because_of}:</small> `;
  return html`${culprit}<span class="cause">${bounded(cause, CAUSE)}</span>`;
}

function fileLinks({ dir }: ReportMember, files: MemberFiles | undefined): Value {
  if (!isBelow(dir)) return '';
  const written = (files?.logs ?? []).filter((log) => log.size > 0);
  return [
    html`<a href="${link(dir)}/">directory</a>`,
    written.map(
      ({ name, size: bytes }) => html` <a href="${link(dir, name)}" title="${size(bytes)}">${name}</a>`,
    ),
  ];
}

function barriers({ barriers: all }: ReportAttempt, timeline: Timeline | undefined): Value {
  if (all.length === 0) return '';
  if (timeline === undefined || timeline.releases.length === 0)
    return table({
      name: 'barriers',
      caption: 'Barriers',
      columns: ['Barrier', numbers('Members'), numbers('First to last')],
      rows: all.slice(0, ROWS).map(barrierRow),
      note: more(all.length - ROWS, 'barriers are'),
    });
  return table({
    name: 'barriers',
    caption: 'Barriers',
    columns: [
      numbers('No.'),
      'Barrier',
      numbers('Members'),
      numbers('Released at'),
      numbers('First to last'),
      'Last to come',
      'Waited longest',
    ],
    rows: timeline.releases.map(releaseRow),
    note: more(timeline.releasesOmitted, 'barriers, at which nobody waited longer, are'),
  });
}

function barrierRow({ name, generation, size: count, skew }: ReportBarrier): Html {
  return html`<tr><th scope="row">${barrierName(name, generation)}<td class="num">${count}<td class="num">${duration(skew)}`;
}

function releaseRow({ name, generation, size: count, at, skew, last, first }: Release, row: number): Html {
  return html`<tr><td class="num">${row + 1}<th scope="row">${barrierName(name, generation)}<td class="num">${count}
<td class="num">${duration(at)}<td class="num">${duration(skew)}
<td>${last && html`${last.member} <small>${duration(last.after)} after the one before</small>`}
<td>${first && html`${first.member} <small>${duration(first.waited)}</small>`}`;
}

function barrierName(name: string, generation: number): string {
  return generation > 0 ? `${name} #${generation + 1}` : name;
}

/** Waits that ended badly or not at all: of the good ones the timeline is enough. */
function waits({ waits: all = [] }: ReportAttempt): Value {
  const bad = all.filter(({ error, to }) => error !== undefined || to === undefined);
  if (bad.length === 0) return '';
  return table({
    name: 'waits',
    caption: 'Waits that came to nothing',
    columns: [
      'Member',
      'Waited at',
      numbers('From'),
      numbers('For'),
      'Whom it waited for',
      'What it was told',
    ],
    rows: bad.slice(0, ROWS).map(waitRow),
    note: more(bad.length - ROWS, 'are'),
  });
}

function waitRow({ member, what, from, to, error, missing = [] }: ReportWait): Html {
  const told = error ?? 'nothing: it was still waiting at the end';
  return html`<tr><th scope="row">${member}<td>${what}<td class="num">${duration(from)}
<td class="num">${to === undefined ? 'until the end' : duration(to - from)}<td>${missing.join(', ')}<td class="cause">${told}`;
}

/** Of too many the bad ones first. */
function subtests({ subtests: all }: ReportAttempt): Value {
  if (all.length === 0) return '';
  const inOrder =
    all.length <= ROWS ? all : all.toSorted((a, b) => Number(isOk(a.status)) - Number(isOk(b.status)));
  const timed = all.some(({ at }) => at !== undefined);
  const took = all.some(({ duration: seconds }) => seconds !== undefined);
  return table({
    name: 'subtests',
    caption: 'Subtests',
    columns: [
      'Subtest',
      'Member',
      'Status',
      ...(timed ? [numbers('At')] : []),
      ...(took ? [numbers('Took')] : []),
      numbers('Measured'),
      'Message',
    ],
    rows: inOrder.slice(0, ROWS).map((one) => {
      const { name, member, status, measure, unit = '', message, at, duration: seconds } = one;
      const measured = measure === undefined ? '' : `${measure} ${unit}`;
      const when = timed ? html`<td class="num">${at === undefined ? '' : duration(at)}` : '';
      const time = took ? html`<td class="num">${seconds === undefined ? '' : duration(seconds)}` : '';
      return html`<tr><th scope="row">${name}<td>${member}<td>${badge(status)}${when}${time}<td class="num">${measured}<td class="cause">${message}`;
    }),
    note: more(all.length - ROWS, 'subtests are'),
  });
}

/** Of members that went wrong by themselves first. */
function logs({ members: all }: ReportAttempt, files: FilesOf): Value {
  const inOrder = all.toSorted(
    (a, b) => Number(a.because_of !== undefined) - Number(b.because_of !== undefined),
  );
  const tails = inOrder.flatMap(({ member, dir }) =>
    (files(dir)?.logs ?? []).flatMap(({ name, size: bytes, tail, cut }) => {
      if (tail === undefined || tail === '') return [];
      const whole = html`<a href="${link(dir, name)}">${member} ${name}${cut ? ', all of it' : ''}</a>`;
      return html`<details class="log"><summary>${member} ${name} <small>${cut ? 'the end of ' : ''}${size(bytes)}</small></summary>
<pre tabindex="0">${tail}</pre><p>${whole}</details>`;
    }),
  );
  return tails.length === 0 ? '' : html`<h4>Logs</h4>${tails}`;
}

function artifacts({ members: all }: ReportAttempt, files: FilesOf): Value {
  const items = all.flatMap(({ member, dir, skipped = [] }) => {
    const { artifacts: found = [], artifactsOmitted = 0 } = files(dir) ?? {};
    return [
      ...found.map(({ path, size: bytes }) => {
        const name = `${member}/${path.slice('out/'.length)}`;
        return html`<li><a href="${link(dir, path)}">${name}</a> <small>${size(bytes)}</small></li>`;
      }),
      ...(artifactsOmitted > 0
        ? [html`<li>${artifactsOmitted} more of <a href="${link(dir, 'out')}/">${member}</a></li>`]
        : []),
      ...skipped.map(({ path, why }) => html`<li>${member}/${path} <small>not kept: ${why}</small></li>`),
    ];
  });
  return items.length === 0 ? '' : html`<h4>Artifacts</h4><ul class="artifacts">${items}</ul>`;
}

function omitted({ omitted: counts = {} }: ReportAttempt): Value {
  const words = Object.entries(counts).flatMap(([what, count]) => (count ? [`${count} ${what}`] : []));
  if (words.length === 0) return '';
  return html`<p class="note">Too many to be kept, and so left out: ${words.join(', ')}.</p>`;
}
