import type { Report, ReportTest } from '@tutti/protocol';
import fc from 'fast-check';
import { HtmlValidate } from 'html-validate';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { expect, test } from 'vitest';
import { htmlTests } from '../../src/reports/html/page.ts';
import { SCRIPT } from '../../src/reports/html/script.ts';
import { unpacked } from '../../src/reports/html/test.ts';
import { reportHtml } from '../../src/reports/report-html.ts';
import type { FilesOf } from '../../src/reports/run-files.ts';
import { anyReport, anyText } from './arbitrary-report.ts';
import { finished, partial, retried } from './example-report.ts';
import { mixedReport } from './mixed-report.ts';

type Element = DefaultTreeAdapterTypes.Element;

/** All elements of a page, by the parser that browsers' rules are written down in; it must have no complaint. */
function elementsOf(text: string): Element[] {
  const errors: string[] = [];
  const document = parse(text, {
    onParseError: ({ code, startLine }) => errors.push(`${code} in line ${startLine}`),
  });
  expect(errors).toEqual([]);
  return below(document);
}

function below(node: DefaultTreeAdapterTypes.ParentNode): Element[] {
  return node.childNodes.flatMap((child) => ('tagName' in child ? [child, ...below(child)] : []));
}

function textOf(node: DefaultTreeAdapterTypes.Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((each) => each.name === name)?.value;
}

function byId(elements: readonly Element[], id: string): Element {
  return elements.find((element) => attribute(element, 'id') === id)!;
}

const validator = new HtmlValidate({
  root: true,
  extends: ['html-validate:standard', 'html-validate:a11y'],
  rules: {
    // Ends of rows and cells may be left out, and a page of thousands of tests leaves them out.
    'no-implicit-close': 'off',
    'long-title': 'off',
    'no-inline-style': 'error',
  },
});

test.each([
  ['a finished report', finished],
  ['a partial one', partial],
  ['one with all there is', retried],
  ['one without tests', { ...finished, tests: [], nodes: [] }],
  ['one of a lab', mixedReport(24)],
])('%s is a valid page', async (_what, report) => {
  const page = reportHtml(report, someFiles);
  elementsOf(page);
  const { results } = await validator.validateString(page);
  expect(
    results.flatMap(({ messages }) =>
      messages.map(({ ruleId, message, line }) => `${line} ${ruleId}: ${message}`),
    ),
  ).toEqual([]);
});

const someFiles: FilesOf = (dir) => ({
  logs: [
    { name: 'stderr.log', size: 1_000_000, tail: 'no </pre> space\nleft', cut: true },
    { name: 'stdout.log', size: 0 },
  ],
  artifacts: [{ path: `out/a "b"#${dir.at(-1)}.txt`, size: 12 }],
  artifactsOmitted: 3,
});

test('the verdict, the tests, their members and the barriers are on the page', () => {
  const elements = elementsOf(reportHtml(retried, someFiles));
  const own = below(byId(elements, 'test-1'));
  const words = own.map(textOf).join('\n');
  for (const word of [
    'flaky, 2 attempts',
    'because of client.0',
    'ready',
    '1.1 s after the one before',
    'key "port"',
  ])
    expect(words).toContain(word);
  expect(own.filter(({ tagName }) => tagName === 'table').map((table) => attribute(table, 'class'))).toEqual(
    expect.arrayContaining(['members', 'barriers', 'waits', 'subtests']),
  );
  expect(words).toContain('Too many to be kept, and so left out: 12 marks.');
  for (const id of ['setup', 'teardown', 'summary', 'tests', 'nodes', 'when'])
    expect(byId(elements, id)).toBeDefined();
});

test('logs and artifacts are linked by paths beside the page, whatever their names', () => {
  const elements = elementsOf(reportHtml(retried, someFiles));
  const links = elements.flatMap((element) => attribute(element, 'href') ?? []);
  expect(links).toContain('./tests/01-throughput/attempt-1/client.0/stderr.log');
  expect(links).toContain('./tests/01-throughput/attempt-1/client.0/out/a%20%22b%22%230.txt');
  const [log] = elements.filter(({ tagName }) => tagName === 'pre');
  expect(textOf(log!)).toBe('no </pre> space\nleft');
});

test('a path that leads out of the run is no link', () => {
  const [one] = retried.tests;
  const [attempt] = one!.attempts;
  const members = ['../../etc', '/etc', 'javascript:alert(1)'].map((dir) => ({
    ...attempt!.members[0]!,
    dir,
  }));
  const page = reportHtml({ ...retried, tests: [{ ...one!, attempts: [{ ...attempt!, members }] }] });
  const links = elementsOf(page).flatMap((element) => attribute(element, 'href') ?? []);
  expect(links.filter((link) => link.includes('etc'))).toEqual([]);
  expect(links).toContain('./javascript%3Aalert(1)/');
});

test('the tests stand by status, worst first, and every one is there', () => {
  const report = mixedReport(200);
  const elements = elementsOf(reportHtml(report));
  const rows = elements.filter(({ attrs }) => attrs.some(({ name }) => name === 'data-s'));
  expect(rows).toHaveLength(200);
  const statuses = [...new Set(rows.map((row) => attribute(row, 'data-s')))];
  expect(statuses).toEqual(['ERROR', 'INTERRUPTED', 'FAIL', 'XPASS', 'XFAIL', 'SKIP', 'WARN', 'PASS']);
});

test('a page of thousands keeps most of them compressed, and those that are not ok to be read at once', () => {
  const report = mixedReport(2000);
  const elements = elementsOf(reportHtml(report));
  const kept = elements.filter((element) => attribute(element, 'type') === 'text/plain');
  expect(kept.length).toBeGreaterThan(1500);
  const at = report.tests.findIndex(({ status }) => status === 'ERROR') + 1;
  expect(kept.map((element) => attribute(element, 'id'))).not.toContain(`kept-test-${at}`);
  expect(below(byId(elements, `test-${at}`)).some(({ tagName }) => tagName === 'table')).toBe(true);
});

const ACTIVE = new Set(['iframe', 'object', 'embed', 'img', 'base', 'form', 'audio', 'video']);

/** What texts of a report have brought in that acts, loads, or leads elsewhere. */
function harmIn(page: string): string[] {
  const elements = elementsOf(page);
  const scripts = elements.filter((one) => one.tagName === 'script' && attribute(one, 'type') === undefined);
  return [
    ...scripts.map(textOf).filter((text) => text !== SCRIPT),
    ...elements.filter(({ tagName }) => ACTIVE.has(tagName)).map(({ tagName }) => tagName),
    ...elements
      .flatMap(({ attrs }) => attrs)
      .filter(
        ({ name, value }) => /^on|^style$|^src/.test(name) || (name === 'href' && !/^\.\/|^#/.test(value)),
      )
      .map(({ name, value }) => `${name}=${value}`),
  ];
}

test('what would be harm is found', () => {
  const page = reportHtml(finished).replace(
    '<main>',
    '<main><a href="https://x"></a><img src="x" onerror="y"><script>z</script>',
  );
  expect(harmIn(page)).toEqual(['z', 'img', 'href=https://x', 'src=x', 'onerror=y']);
});

const HOSTILE =
  '</script></title></style><script>alert(1)</script><img src=x onerror=alert(1)>"\' onload=alert(1) <!--';

/** What a script, a suite or a machine says; the rest of a report is the master's own. */
const SAID = new Set([
  'name',
  'suite',
  'cause',
  'what',
  'error',
  'message',
  'unit',
  'os',
  'dir',
  'stopped',
  'signal',
]);

test('no text of a report becomes markup', () => {
  const hostile = JSON.parse(JSON.stringify(retried), (key, value: unknown) =>
    SAID.has(key) && typeof value === 'string' ? HOSTILE : value,
  ) as Report;
  expect(hostile.suite).toBe(HOSTILE);
  const files: FilesOf = () => ({
    logs: [{ name: HOSTILE, size: 1, tail: HOSTILE }],
    artifacts: [{ path: `out/${HOSTILE}`, size: 1 }],
    artifactsOmitted: 0,
  });
  expect(harmIn(reportHtml(hostile, files))).toEqual([]);
});

test('no report becomes markup, whatever its texts', () => {
  fc.assert(
    fc.property(anyReport, anyText, (report, text) => {
      const files: FilesOf = () => ({
        logs: [{ name: text, size: 9, tail: text }],
        artifacts: [{ path: text, size: 1 }],
        artifactsOmitted: 0,
      });
      expect(harmIn(reportHtml(report, files))).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('what is kept compressed is the same HTML', () => {
  const [first] = htmlTests(retried).slice(1);
  const made = first!.make(someFiles);
  expect(unpacked(made).text).toHaveLength(made.size);
  expect(reportHtml(retried, someFiles)).toContain(unpacked(made).text);
});

test('a name and a cause of ten megabytes are bounded', () => {
  const long = 'x'.repeat(10_000_000);
  const spoilt: ReportTest = { ...retried.tests[0]!, name: long, cause: long };
  expect(reportHtml({ ...retried, suite: long, cause: long, tests: [spoilt] }).length).toBeLessThan(200_000);
});
