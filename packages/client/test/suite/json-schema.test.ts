/** The schema for editors says what the validator says. */
import { expect, test } from 'vitest';
import { suiteJsonSchema } from '../../src/suite/index.ts';

interface Schema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: false | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const suite: Schema = suiteJsonSchema();

function followed(schema: Schema | false | undefined): Schema {
  if (!schema) throw new Error('no such part');
  return schema.$ref ? followed(suite.$defs?.[schema.$ref.replace('#/$defs/', '')]) : schema;
}

test('the schema lists every key and allows no other, at each level', () => {
  expect(suite.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(suite.additionalProperties).toBe(false);
  expect(Object.keys(suite.properties ?? {})).toEqual([
    'suite',
    'include',
    'params',
    'env',
    'roles',
    'setup',
    'teardown',
    'timeout',
    'max-timeout',
    'run-timeout',
    'linger',
    'grace',
    'retries',
    'retry-errors',
    'parallel',
    'fail-fast',
    'tags',
    'secrets',
    'skip-list',
    'tests',
  ]);
  expect(suite.required).toBeUndefined();
  expect(suite.anyOf).toEqual([{ required: ['tests'] }, { required: ['include'] }]);

  const one = followed(followed(suite.properties?.['tests']).items);
  expect(one.additionalProperties).toBe(false);
  expect(one.required).toEqual(['name']);

  const roles = followed(one.properties?.['roles']);
  const forms = followed(roles.additionalProperties).anyOf?.map(followed);
  const role = forms?.find(({ type }) => type === 'object');
  expect(role?.additionalProperties).toBe(false);
  expect(Object.keys(role?.properties ?? {})).toEqual([
    'run',
    'count',
    'where',
    'start',
    'timeout',
    'params',
    'env',
    'essential',
    'parse',
  ]);
});
