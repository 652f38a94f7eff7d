/** What stands above the tests: the verdict, and how many of each. */
import { type Report, type ReportTest, STATUSES, type Status } from '@tutti/protocol';
import { bounded } from '../texts.ts';
import { type Html, html, type Value } from './escape.ts';
import { table } from './table.ts';
import { badge, duration, percent } from './words.ts';

const TITLE = 300;
const CAUSE = 3000;

export function heading(report: Report): Html {
  const { suite, run, id, status, cause, started, duration: seconds, nodes } = report;
  const going = html`<p class="note">The run was still going on when this was written.</p>`;
  const when = html`<time datetime="${started}">${started.slice(0, 19).replace('T', ' ')} UTC</time>`;
  const files = ['report.yaml', 'junit.xml', 'results.yml'].map(
    (name) => html`<a href="./${name}">${name}</a> `,
  );
  return html`<header>
<h1>${badge(status)} ${bounded(suite, TITLE)} <small>run ${run}</small></h1>
${cause === undefined ? '' : html`<p class="cause first">${bounded(cause, CAUSE)}</p>`}
${status === 'RUNNING' ? going : ''}
<dl>
${fact('Started', when)}
${seconds === undefined ? '' : fact('Took', duration(seconds))}
${fact('Nodes', nodes.length)}
${fact('Run id', html`<code>${id}</code>`)}
${fact('Also as', files)}
</dl>
</header>`;
}

function fact(what: string, value: Value): Html {
  return html`<div><dt>${what}</dt><dd>${value}</dd></div>`;
}

export function summary({ tests }: Report): Html {
  const counts = countOf(tests);
  const flaky = tests.filter((test) => test.flaky).length;
  const columns: [Value, number][] = [
    ...[...counts].map(([status, count]): [Value, number] => [badge(status), count]),
    ...(flaky > 0 ? [[html`<span class="flaky">flaky</span>`, flaky] as [Value, number]] : []),
    ['All', tests.length],
  ];
  return html`<section aria-labelledby="summary"><h2 id="summary">Summary</h2>
<svg class="share" aria-hidden="true">${shares(counts, tests.length)}</svg>
${table({
  name: 'counts',
  caption: 'Tests by status',
  headed: true,
  columns: columns.map(([what]) => html`<th scope="col">${what}`),
  rows: [html`<tr>${columns.map(([, count]) => html`<td>${count}`)}`],
})}
</section>`;
}

/** Statuses that occur, worst first. */
export function countOf(tests: readonly ReportTest[]): Map<Status | 'RUNNING', number> {
  const found = Map.groupBy(tests, ({ status }) => status);
  return new Map(
    [...STATUSES.toReversed(), 'RUNNING' as const].flatMap((status): [Status | 'RUNNING', number][] => {
      const count = found.get(status)?.length ?? 0;
      return count > 0 ? [[status, count]] : [];
    }),
  );
}

function shares(counts: ReadonlyMap<string, number>, total: number): Html[] {
  let before = 0;
  return [...counts].map(([status, count]) => {
    const x = percent(before, total);
    const width = percent(count, total);
    before += count;
    return html`<rect class="run ${status}" x="${x}%" width="${width}%" y="0" height="100%"><title>${count} ${status}</title></rect>`;
  });
}
