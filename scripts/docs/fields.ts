/**
 * A zod schema as rows of a table: field, type, rules. Nested fields follow their parent as `parent.field`, items of a
 * list as `parent[].field`; schemas that the protocol exports by name become links and are collected in `types`.
 */
import * as z from 'zod';
import { anchor, code, table } from './markdown.ts';
import { namedSchemas } from './named-schemas.ts';

/** The part of JSON Schema that zod produces for the protocol. */
export interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  propertyNames?: Schema;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  prefixItems?: Schema[];
  description?: string;
  default?: unknown;
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  $defs?: Record<string, Schema>;
  /** The sentences that refinements and patterns refuse a value with. */
  rules?: string[];
}

export class Fields {
  /** Every named schema that a row has referred to. */
  readonly types = new Map<string, Schema>();
  readonly #names = namedSchemas();

  schema(zod: z.ZodType): Schema {
    const { $defs, ...schema } = z.toJSONSchema(zod, {
      io: 'input',
      unrepresentable: 'any',
      metadata: this.#names,
      override: ({ zodSchema, jsonSchema }) => {
        const extra: Schema = jsonSchema as Schema;
        const description = z.globalRegistry.get(zodSchema)?.description;
        if (description !== undefined) extra.description = description;
        const rules = ruleSentences(zodSchema);
        if (rules.length > 0) extra.rules = rules;
      },
    }) as Schema;
    for (const [name, type] of Object.entries($defs ?? {})) this.types.set(name, type);
    return schema;
  }

  /** The fields of an object, or undefined when it has none. */
  table(schema: Schema): string | undefined {
    const rows = this.#rows(schema, '');
    return rows.length === 0 ? undefined : table(['field', 'type', 'rules'], rows);
  }

  #rows(schema: Schema, prefix: string): string[][] {
    const required = new Set(schema.required);
    return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
      const own = [
        code(`${prefix}${name}${required.has(name) ? '' : '?'}`),
        typeText(field),
        rulesText(field),
      ];
      const nested = field.type === 'array' && field.items ? field.items : field;
      const path = `${prefix}${name}${nested === field ? '' : '[]'}.`;
      return [own, ...this.#rows(nested, path)];
    });
  }
}

export function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
    return `[${name}](#${anchor(name)})`;
  }
  if ('const' in schema) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(typeText).join(' or ');
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeText).join(', ')}]`;
  if (schema.type === 'array') return `list of ${schema.items ? typeText(schema.items) : 'anything'}`;
  if (
    schema.type === 'object' &&
    typeof schema.additionalProperties === 'object' &&
    schema.properties === undefined
  ) {
    return `map of ${typeText(schema.propertyNames ?? {})} to ${typeText(schema.additionalProperties)}`;
  }
  return schema.type ?? 'any JSON value';
}

export function rulesText(schema: Schema): string {
  const { pattern, description, rules = [] } = schema;
  return [
    ...(description === undefined ? [] : [description]),
    ...bounds(schema),
    ...rules,
    ...(pattern === undefined ? [] : [code(`/${pattern}/`)]),
    ...('default' in schema ? [`default ${code(JSON.stringify(schema.default))}`] : []),
    ...(schema.propertyNames?.$ref === undefined && schema.propertyNames?.pattern !== undefined
      ? [`names: ${code(`/${schema.propertyNames.pattern}/`)}`]
      : []),
  ].join('; ');
}

function bounds(schema: Schema): string[] {
  const { minimum, exclusiveMinimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  return [
    range(finite(minimum), finite(maximum), ''),
    exclusiveMinimum === undefined ? '' : `more than ${exclusiveMinimum}`,
    range(minLength, maxLength, ' characters'),
    minItems === 1 && maxItems === undefined ? 'not empty' : range(minItems, maxItems, ' items'),
  ].filter((text) => text !== '');
}

function range(low: number | undefined, high: number | undefined, unit: string): string {
  if (low !== undefined && high !== undefined) return `${low} to ${high}${unit}`;
  if (low !== undefined) return `at least ${low}${unit}`;
  return high === undefined ? '' : `at most ${high}${unit}`;
}

/** Whole numbers are bounded by what a float holds exactly; that need not be said each time. */
function finite(bound: number | undefined): number | undefined {
  return bound !== undefined && Number.isSafeInteger(bound) && Math.abs(bound) !== Number.MAX_SAFE_INTEGER
    ? bound
    : undefined;
}

function ruleSentences(zod: z.core.$ZodType): string[] {
  return (zod._zod.def.checks ?? []).flatMap(({ _zod: { def } }) => {
    const sentence = (def.check === 'custom' || def.check === 'string_format') && def.error?.({} as never);
    return typeof sentence === 'string' ? [sentence] : [];
  });
}
