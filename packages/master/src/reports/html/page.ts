/**
 * The whole page. One file: no request goes out, and its policy forbids any, as it forbids every script but its own.
 *
 * Tests stand by status, worst first. What is behind a line is on the page as long as there is room (`INLINE`
 * characters; the worst go first, so these can be read without JavaScript too), beyond that it is kept compressed
 * and becomes elements when the line is opened: a page of thousands of tests opens at once.
 */
import { createHash } from 'node:crypto';
import { isOk, type Report, type ReportTest } from '@tutti/protocol';
import type { PerTest } from '../per-test.ts';
import type { FilesOf } from '../run-files.ts';
import { bounded, plural } from '../texts.ts';
import { Html, html, type Value } from './escape.ts';
import { KEY } from './lanes.ts';
import { nodeTable, whenAndWhere } from './nodes.ts';
import { countOf, heading, summary } from './overview.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { type TestHtml, testHtml, testId, unpacked } from './test.ts';
import { badge } from './words.ts';

const INLINE = 500_000;
const TITLE = 200;

const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** A test of the list, and how to make what is shown of it. */
interface Listed {
  readonly test: ReportTest;
  readonly id: string;
  readonly make: (files: FilesOf) => TestHtml;
}

interface Item extends Listed {
  readonly html: TestHtml;
}

/** In the order in which they ran. */
export function htmlTests({ setup, tests, teardown }: Report): Listed[] {
  const listed = (test: ReportTest, id: string, number?: number): Listed => ({
    test,
    id,
    make: (files) => testHtml(test, number, files),
  });
  return [
    ...(setup ? [listed(setup, 'setup')] : []),
    ...tests.map((test, at) => listed(test, testId(at + 1), at + 1)),
    ...(teardown ? [listed(teardown, 'teardown')] : []),
  ];
}

export function page(report: Report, files: FilesOf, known: PerTest<TestHtml>): string {
  const items = htmlTests(report).map((one) => ({ ...one, html: known.of(one.test, () => one.make(files)) }));
  const list = listOf(items);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${report.status}: ${bounded(report.suite, TITLE)}, run ${report.run}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip-link" href="#tests">To the tests</a>
${heading(report)}
<main>
${summary(report)}
${whenAndWhere(report)}
<section aria-labelledby="tests"><h2 id="tests">Tests</h2>
${tools(report)}
${list.groups}
</section>
${nodeTable(report)}
</main>
<footer>Written by Tutti.${hasTimes(report) ? KEY : ''}</footer>
${list.kept}
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.text;
}

/** Text of our own. */
function trusted(text: string): Html {
  return new Html(text);
}

function tools({ tests, setup, teardown }: Report): Value {
  const flaky = tests.filter((test) => test.flaky).length;
  const bad = tests.filter(isBad).length;
  const all = tests.length + Number(setup !== undefined) + Number(teardown !== undefined);
  const choice = (value: string, label: Value, count: number) => {
    const checked = value === 'all' ? html` checked` : '';
    return html`<label><input type="radio" name="status" value="${value}"${checked}> ${label} ${count}</label>\n`;
  };
  return html`<div class="tools" role="search" aria-label="Tests" hidden>
<label>Search <input type="search" id="search" placeholder="name, parameter, cause"></label>
<button type="button" id="open">Open</button>
<button type="button" id="close">Close</button>
<output id="shown" aria-label="shown"></output>
<fieldset><legend class="unseen">Status</legend>
${choice('all', 'all', all)}
${bad > 0 ? choice('bad', 'not ok', bad) : ''}
${flaky > 0 ? choice('flaky', html`<span class="flaky">flaky</span>`, flaky) : ''}
${[...countOf(tests)].map(([status, count]) => choice(status, badge(status), count))}
</fieldset></div>`;
}

function isBad({ status }: ReportTest): boolean {
  return status !== 'RUNNING' && !isOk(status);
}

function listOf(items: readonly Item[]): { groups: Html[]; kept: Html[] } {
  const kept: Html[] = [];
  let room = INLINE;
  const row = ({ test, id, html: made }: Item): Html => {
    const inline = made.size <= room;
    if (inline) room -= made.size;
    else kept.push(html`<script type="text/plain" id="kept-${id}">${made.packed}</script>\n`);
    const marks = html`${test.flaky ? html` data-f="1"` : ''}${isBad(test) ? html` data-b="1"` : ''}`;
    const inside = inline ? html`<div class="body">${unpacked(made)}</div>` : '';
    const open = items.length === 1 ? html` open` : '';
    return html`<li id="${id}" data-s="${test.status}"${marks}>
<details class="test"${open}><summary>${made.line}</summary>${inside}</details></li>\n`;
  };
  const groups = [...countOf(items.map(({ test }) => test))].map(([status, count]) => {
    const rows = items.filter(({ test }) => test.status === status).map(row);
    return html`<div class="group"><h3>${badge(status)} ${plural(count, 'test')}</h3>\n<ol class="tests">\n${rows}</ol></div>\n`;
  });
  const note = html`<noscript><p class="note">This page is large: what is behind ${plural(kept.length, 'line')} needs
JavaScript. All of it is in report.yaml too.</p></noscript>`;
  return { groups: kept.length > 0 ? [note, ...groups] : groups, kept };
}

function hasTimes({ tests }: Report): boolean {
  return tests.some(({ attempts }) =>
    attempts.some(({ members }) => members.some(({ started }) => started !== undefined)),
  );
}
