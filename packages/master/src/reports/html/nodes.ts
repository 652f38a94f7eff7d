/** The machines of a run: when each was busy with which test, and how often it was part of what went wrong. */
import { isOk, type Report, type ReportTest, type Status, worst } from '@tutti/protocol';
import { bounded } from '../texts.ts';
import { type Html, html, type Value } from './escape.ts';
import { more, numbers, table } from './table.ts';
import { testId } from './test.ts';
import { duration, percent, size } from './words.ts';

/** More pieces than this are drawn as `COLUMNS` columns a lane. */
const PIECES = 2000;
const COLUMNS = 400;
/** Lanes of the drawing, and rows of the table. */
const NODES = 64;
const NAME = 80;
/** Of a lane of 22 pixels. */
const TOP = 3;
const LANE = 16;
/** In percent: a thing of no length can be seen all the same. */
const THINNEST = 0.15;

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly status: Status | 'RUNNING';
  /** Of the test. */
  readonly number: number;
  readonly what: string;
}

/** Nothing where the report has no times. */
export function whenAndWhere(report: Report): Value {
  const byNode = piecesByNode(report.tests);
  if (byNode.size === 0) return '';
  const known = report.nodes.map(({ name }) => name).filter((name) => byNode.has(name));
  const lanes = [...new Set([...known, ...byNode.keys()])].slice(0, NODES);
  const pieces = lanes.flatMap((name) => byNode.get(name) ?? []);
  const length = pieces.reduce((end, { to }) => Math.max(end, to), report.duration ?? 0);
  const draw = pieces.length > PIECES ? columns : separate;
  return html`<section aria-labelledby="when"><h2 id="when">When and where</h2>
${table({
  name: 'nodes-when',
  caption: 'Tests by node and time',
  headed: true,
  columns: ['Node', html`<th scope="col" class="when">${axis(length)}<span class="unseen">Tests</span>`],
  rows: lanes.map((name) => {
    const own = byNode.get(name) ?? [];
    const drawn = html`<svg class="lane" aria-hidden="true">${draw(own, length)}</svg>`;
    return html`<tr><th scope="row">${name}<td class="when">${drawn}<span class="unseen">${own.length} members</span>`;
  }),
  note: more(byNode.size - lanes.length, 'nodes are'),
})}
</section>`;
}

function axis(length: number): Html {
  const tick = (part: number, side: string) =>
    html`<text class="tick" x="${part * 100}%" y="11" text-anchor="${side}">${part === 0 ? '0' : duration(length * part)}</text>`;
  return html`<svg class="axis short" aria-hidden="true">${tick(0, 'start')}${tick(0.5, 'middle')}${tick(1, 'end')}</svg>`;
}

function piecesByNode(tests: readonly ReportTest[]): Map<string, Piece[]> {
  const pieces = tests.flatMap((test, at) =>
    test.attempts.flatMap((attempt) =>
      attempt.members.flatMap(({ node, member, status, started, ended }) => {
        if (attempt.started === undefined || started === undefined) return [];
        const from = attempt.started + started;
        const to = attempt.started + (ended ?? attempt.duration ?? started);
        return {
          node,
          from,
          to,
          status,
          number: at + 1,
          what: `${bounded(test.name, NAME)}, ${member}: ${status}`,
        };
      }),
    ),
  );
  return Map.groupBy(pieces, ({ node }) => node);
}

function separate(pieces: readonly Piece[], length: number): Html[] {
  return pieces.map(({ from, to, status, number, what }) => {
    const x = percent(from, length);
    const width = Math.max(THINNEST, percent(to, length) - x).toFixed(2);
    const drawn = html`<rect class="run ${status}" x="${x}%" width="${width}%" y="${TOP}" height="${LANE}"><title>${what}</title></rect>`;
    return html`<a href="#${testId(number)}" tabindex="-1">${drawn}</a>`;
  });
}

/** A column is as red as many of its members were bad, in the colour of the worst of them. */
function columns(pieces: readonly Piece[], length: number): Html[] {
  const column = Array.from({ length: COLUMNS }, () => ({ all: 0, bad: 0, worst: 'PASS' as Status }));
  const columnAt = (time: number) => Math.floor((percent(time, length) / 100) * (COLUMNS - 1));
  for (const { from, to, status } of pieces) {
    if (status === 'RUNNING') continue;
    for (const one of column.slice(columnAt(from), columnAt(to) + 1)) {
      one.all += 1;
      if (isOk(status)) continue;
      one.bad += 1;
      one.worst = worst([one.worst, status]) ?? status;
    }
  }
  const width = 100 / COLUMNS;
  return column.flatMap(({ all, bad, worst: status }, at) => {
    if (all === 0) return [];
    const red = Math.round((bad / all) * LANE);
    const place = html`x="${at * width}%" width="${width}%"`;
    return [
      html`<rect class="run PASS" ${place} y="${TOP + red}" height="${LANE - red}"/>`,
      ...(red > 0 ? [html`<rect class="run ${status}" ${place} y="${TOP}" height="${red}"/>`] : []),
    ];
  });
}

/** Those with most trouble first: a bad machine stands out. */
export function nodeTable(report: Report): Value {
  if (report.nodes.length === 0) return '';
  const all = report.tests.flatMap(({ attempts }) => attempts.flatMap(({ members }) => members));
  const run = Map.groupBy(all, ({ node }) => node);
  // Who was stopped because the test was over is nobody's trouble.
  const bad = Map.groupBy(
    all.filter(({ status }) => status === 'FAIL' || status === 'ERROR' || status === 'INTERRUPTED'),
    ({ node }) => node,
  );
  const countOf = (found: ReadonlyMap<string, unknown[]>, name: string) => found.get(name)?.length ?? 0;
  const inOrder = report.nodes.toSorted((a, b) => countOf(bad, b.name) - countOf(bad, a.name));
  return html`<section aria-labelledby="nodes"><h2 id="nodes">Nodes</h2>
${table({
  name: 'nodes',
  caption: 'Nodes of this run',
  headed: true,
  columns: [
    'Node',
    numbers('Members run'),
    numbers('Not ok'),
    'System',
    numbers('CPUs'),
    numbers('Memory'),
    'Addresses',
  ],
  rows: inOrder.slice(0, NODES).map(
    ({ name, os, kernel, arch, cpus, memory, addresses }) =>
      html`<tr><th scope="row">${name}<td class="num">${countOf(run, name)}<td class="num">${countOf(bad, name)}
<td>${os}, ${kernel}, ${arch}<td class="num">${cpus}<td class="num">${size(memory)}<td>${addresses.join(' ')}`,
  ),
  note: more(inOrder.length - NODES, 'nodes are'),
})}
</section>`;
}
