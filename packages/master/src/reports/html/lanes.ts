/**
 * The timeline column of an attempt's table of members: an axis above, a lane for each member. All lanes have the same
 * scale, so the line of a barrier's release goes through all of them; its number is that in the table of barriers.
 * Drawn with percentages: as wide as the window lets it be, with text of the page's own size.
 *
 * A drawing says nothing that the tables beside it do not say in words, so readers of screens skip it.
 */
import type { Lane, LaneWait, Point, Release, Span, Timeline } from '../timeline.ts';
import { type Html, html } from './escape.ts';
import { duration, percent } from './words.ts';

/** Labels that are nearer to one another, in percent, would overlap. */
const APART = 4;
const TICKS = 4;
/** A thing of no length can be seen all the same. */
const THINNEST = 0.3;

export function axis({ length, releases }: Timeline): Html {
  const ticks = Array.from({ length: TICKS + 1 }, (_, at) => at / TICKS).map((part) => {
    const time = part === 0 ? '0' : duration(length * part);
    return html`<text class="tick" x="${part * 100}%" y="11" text-anchor="${anchor(part)}">${time}</text>`;
  });
  const numbers = numbered(releases, length).map(({ x, number, release }) => {
    const words = html`${number}<title>${released(release)}</title>`;
    return html`<text class="number" x="${x}%" y="25" text-anchor="${anchor(x / 100)}">${words}</text>`;
  });
  return html`<svg class="axis" aria-hidden="true">${ticks}${numbers}</svg>`;
}

export function lane({ member, runs, waits, points }: Lane, { length, releases }: Timeline): Html {
  const away = runs.slice(1).map((run, at) => ({ from: runs[at]?.to ?? 0, to: run.from }));
  const pieces = [
    runs.map(
      (run) => html`<rect class="run ${member.status}" ${box(run.from, run.to, length)} y="4" height="14"/>`,
    ),
    away.map((span) => rebooting(span, length)),
    waits.map((wait) => waiting(wait, length)),
    releases.map((release) => crossing(release, member.member, length)),
    points.map((point) => mark(point, length)),
  ];
  return html`<svg class="lane" aria-hidden="true">${pieces}</svg>`;
}

function rebooting({ from, to }: Span, length: number): Html {
  const words = `rebooting, ${duration(to - from)}`;
  return html`<rect class="away" ${box(from, to, length)} y="9" height="4"><title>${words}</title></rect>`;
}

function crossing(release: Release, member: string, length: number): Html {
  const x = percent(release.at, length);
  const line = html`<line class="release" x1="${x}%" x2="${x}%" y1="0" y2="22"/>`;
  if (release.last?.member !== member) return line;
  const words = `the last at ${released(release)}`;
  return html`${line}<circle class="last" cx="${x}%" cy="11" r="4"><title>${words}</title></circle>`;
}

function mark({ at, what, name }: Point, length: number): Html {
  const words = `${name}, at ${duration(at)}`;
  return html`<rect class="${what}" x="${percent(at, length)}%" y="2" width="3" height="18"><title>${words}</title></rect>`;
}

function waiting({ from, to, on, whom, error }: LaneWait, length: number): Html {
  const whomFor = whom.length > 0 ? ` for ${whom.join(', ')}` : '';
  const words = `waited ${duration(to - from)} at ${on}${whomFor}${error === undefined ? '' : `: ${error}`}`;
  const look = error === undefined ? 'wait' : 'wait broken';
  return html`<rect class="${look}" ${box(from, to, length)} y="7" height="8"><title>${words}</title></rect>`;
}

function box(from: number, to: number, length: number): Html {
  const x = percent(from, length);
  const width = Math.max(THINNEST, Math.round((percent(to, length) - x) * 100) / 100);
  return html`x="${x}%" width="${width}%"`;
}

function anchor(part: number): string {
  if (part < 0.03) return 'start';
  return part > 0.97 ? 'end' : 'middle';
}

/** Those that have room for their number. */
function numbered(
  releases: readonly Release[],
  length: number,
): { x: number; number: number; release: Release }[] {
  let right = Number.NEGATIVE_INFINITY;
  return releases.flatMap((release, at) => {
    const x = percent(release.at, length);
    if (x - right < APART) return [];
    right = x;
    return [{ x, number: at + 1, release }];
  });
}

function released({ name, generation, at }: Release): string {
  return `barrier "${name}"${generation > 0 ? ` (${generation + 1}. time)` : ''}, released at ${duration(at)}`;
}

const RUN = html`<rect class="run" x="0" width="100%" y="1" height="14"/>`;
const RELEASE = html`<line class="release" x1="50%" x2="50%" y1="0" y2="16"/>`;

/** What the pieces of a timeline are. */
export const KEY = html`<h2 id="key">Key to the timelines</h2>
<ul class="key">
${sample(RUN, 'running, in the colour of its status')}
${sample(html`${RUN}<rect class="wait" x="20%" width="60%" y="4" height="8"/>`, 'waiting')}
${sample(html`${RUN}<rect class="wait broken" x="20%" width="60%" y="4" height="8"/>`, 'a wait that came to nothing')}
${sample(RELEASE, 'a barrier is released')}
${sample(html`${RELEASE}<circle class="last" cx="50%" cy="8" r="4"/>`, '… by who came last')}
${sample(html`<rect class="away" x="0" width="100%" y="6" height="4"/>`, 'rebooting')}
${sample(html`<rect class="mark" x="40%" width="3" y="0" height="16"/>`, 'mark')}
${sample(html`<rect class="subtest" x="40%" width="3" y="0" height="16"/>`, 'subtest')}
${sample(html`<rect class="bad-subtest" x="40%" width="3" y="0" height="16"/>`, 'subtest that is not ok')}
</ul>`;

function sample(drawn: Html, words: string): Html {
  return html`<li><svg aria-hidden="true">${drawn}</svg> ${words}</li>`;
}
