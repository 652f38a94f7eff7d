/**
 * report.html in a browser: what a person gets to see, without a network, by Chromium's own reading of it. Structure,
 * not pixels.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportHtml } from '../../packages/master/src/reports/report-html.ts';
import { retried } from '../../packages/master/test/reports/example-report.ts';
import { mixedReport } from '../../packages/master/test/reports/mixed-report.ts';
import { has } from './support/tools.ts';

const hasBrowser = has('chromium');
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tutti-page-'));
});

afterAll(() => {
  rmSync(dir, { recursive: true });
});

/** The page after its script has run, as the browser writes it down; and what the browser complained of. */
function shown(page: string, hash = ''): { dom: string; complaints: string[] } {
  const file = join(dir, 'report.html');
  writeFileSync(file, page);
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    `--user-data-dir=${join(dir, 'profile')}`,
    '--enable-logging=stderr',
    '--virtual-time-budget=5000',
    '--dump-dom',
  ];
  const { stdout, stderr, status, error } = spawnSync('chromium', [...options, `file://${file}${hash}`], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 50_000,
  });
  expect(error).toBeUndefined();
  expect(status, stderr).toBe(0);
  const complaints = stderr.split('\n').filter((line) => line.includes(':CONSOLE'));
  return { dom: stdout, complaints };
}

test.skipIf(!hasBrowser)(
  'a page opens without complaint, and its script makes search and choice appear (needs chromium)',
  () => {
    const { dom, complaints } = shown(reportHtml(retried));
    expect(complaints).toEqual([]);
    expect(dom).toMatch(/<div class="tools" role="search" aria-label="Tests">/);
    expect(dom).toContain('<output id="shown" aria-label="shown">3 of 3</output>');
    expect(dom.match(/<table class="members">/g)).toHaveLength(2);
    expect(dom).toContain('<svg class="lane"');
  },
);

test.skipIf(!hasBrowser)(
  'of five thousand tests the one in the address is opened, and read from where it is kept (needs chromium)',
  () => {
    const report = mixedReport(5000);
    const at = report.tests.findLastIndex(({ status }) => status === 'PASS') + 1;
    const page = reportHtml(report);
    expect(page).toContain(`id="kept-test-${at}"`);
    const { dom, complaints } = shown(page, `#test-${at}`);
    expect(complaints).toEqual([]);
    expect(dom).toContain('5000 of 5000</output>');
    const own = dom.slice(dom.indexOf(`<li id="test-${at}"`)).split('</li>')[0];
    expect(own).toContain('<details class="test" open="">');
    expect(own).toContain('<table class="members">');
  },
);

test.skipIf(!hasBrowser)('what a report says does not act in a browser (needs chromium)', () => {
  const hostile = '<img src=x onerror="document.title=1"></script><script>document.title = 1</script>';
  const { dom, complaints } = shown(reportHtml({ ...retried, suite: hostile, cause: hostile }));
  expect(complaints).toEqual([]);
  expect(dom).not.toContain('<img');
  expect(dom).toContain('<title>PASS: &lt;img');
});

test.skipIf(!hasBrowser)(
  'the policy of the page refuses a script that is not its own (needs chromium)',
  () => {
    const page = reportHtml(retried).replace(
      '</body>',
      '<script>document.title = "taken over"</script></body>',
    );
    const { dom, complaints } = shown(page);
    expect(complaints.join('\n')).toContain('Content Security Policy');
    expect(dom).not.toContain('<title>taken over');
  },
);
