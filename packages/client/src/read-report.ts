/** A run's report.yaml, checked against its format. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Report, TuttiError, validate } from '@tutti/protocol';
import { parse } from 'yaml';

/** Throws what reading throws, or `BAD_RESULT` naming the field that is not as the format says. */
export async function readReport(dir: string): Promise<Report> {
  const path = join(dir, 'report.yaml');
  return parseReport(await readFile(path, 'utf8'), path);
}

/** `what` names it in errors. */
export function parseReport(text: string, what: string): Report {
  return validate(Report, parsed(text, what), 'BAD_RESULT', what);
}

function parsed(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new TuttiError('BAD_RESULT', `${path} is not YAML: ${(cause as Error).message}`, { cause });
  }
}
