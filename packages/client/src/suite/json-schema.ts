/** The JSON Schema of a suite file, for editors: `docs/schema/suite.json`. */
import * as z from 'zod';
import { SuiteFields } from './schema.ts';

export function suiteJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(SuiteFields, { io: 'input', reused: 'ref' });
  const anyOf = [{ required: ['tests'] }, { required: ['include'] }];
  return { $schema, title: 'Tutti suite', ...schema, anyOf };
}
