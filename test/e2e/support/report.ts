/** What a run has left: its report, as it stands in the file, and whether that is as the published schema says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '@tutti/protocol';
import { parse } from 'yaml';
import * as z from 'zod';
import { repository } from './command.ts';

/** Of a run's directory; of a results directory the newest run's. */
export function readReport(dir: string): Report {
  return parse(readFileSync(join(dir, 'report.yaml'), 'utf8')) as Report;
}

/** What is wrong with a report, measured by docs/schema/report.json; empty is good. */
export function reportMistakes(report: Report): string[] {
  const schema = JSON.parse(readFileSync(join(repository, 'docs/schema/report.json'), 'utf8')) as never;
  const { error } = z.fromJSONSchema(schema).safeParse(report);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}
