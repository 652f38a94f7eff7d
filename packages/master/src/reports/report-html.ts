/** `report.html`: the report for people to look at, one file that opens anywhere, offline. */
import type { Report } from '@tutti/protocol';
import { page } from './html/page.ts';
import type { TestHtml } from './html/test.ts';
import { PerTest } from './per-test.ts';
import type { FilesOf } from './run-files.ts';

const NO_FILES: FilesOf = () => undefined;

/** `files`: what members left beside it. `known`: what has been made of tests before, with their files of then. */
export function reportHtml(report: Report, files = NO_FILES, known = new PerTest<TestHtml>()): string {
  return page(report, files, known);
}
