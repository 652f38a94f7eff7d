/** The files of a report by their names in the run directory, and their content types. */
import type { REPORT_FILES } from '@tutti/protocol';

export const REPORT_TYPES: Record<(typeof REPORT_FILES)[keyof typeof REPORT_FILES], string> = {
  'report.yaml': 'application/yaml; charset=utf-8',
  'junit.xml': 'application/xml; charset=utf-8',
  'results.yml': 'application/yaml; charset=utf-8',
  'report.html': 'text/html; charset=utf-8',
};
