/** Every generated page: its path below docs/ and its text. */
import * as z from 'zod';
import { suiteJsonSchema } from '../../packages/client/src/suite/index.ts';
import { openApiDocument } from '../../packages/master/src/http/openapi.ts';
import { Notification, Report } from '../../packages/protocol/src/index.ts';
import { errorsPage } from './errors-page.ts';
import { formattedJson } from './formatted-json.ts';
import { GENERATED } from './markdown.ts';
import { namedSchemas } from './named-schemas.ts';
import { protocolPage } from './protocol-page.ts';

export function pages(): Map<string, string> {
  return new Map([
    ['protocol.md', protocolPage()],
    ['errors.md', errorsPage()],
    ['schema/report.json', jsonPage('schema/report.json', reportJsonSchema())],
    ['schema/notification.json', jsonPage('schema/notification.json', notificationJsonSchema())],
    ['schema/suite.json', jsonPage('schema/suite.json', suiteJsonSchema())],
    [
      'schema/openapi.json',
      formattedJson('schema/openapi.json', { ...openApiDocument(), 'x-comment': GENERATED }),
    ],
  ]);
}

function jsonPage(name: string, { $schema, ...schema }: Record<string, unknown>): string {
  return formattedJson(name, { $schema, $comment: GENERATED, ...schema });
}

function reportJsonSchema(): Record<string, unknown> {
  const metadata = namedSchemas((name) => name !== 'Report');
  const { $schema, ...schema } = z.toJSONSchema(Report, { io: 'input', metadata });
  return { $schema, title: 'Tutti report', ...schema };
}

function notificationJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(Notification, { io: 'input' });
  return { $schema, title: 'Tutti notification', ...schema };
}
