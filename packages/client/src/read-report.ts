/** A run's report.yaml, checked against its format. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Report, validate } from '@tutti/protocol';
import { parse } from 'yaml';

/** Throws what reading throws, or `BAD_RESULT` naming the field that is not as the format says. */
export async function readReport(dir: string): Promise<Report> {
  const path = join(dir, 'report.yaml');
  return validate(Report, parse(await readFile(path, 'utf8')), 'BAD_RESULT', path);
}
