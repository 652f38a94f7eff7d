/** What the routes answer, held against the OpenAPI document by a validator that knows neither: ajv. */
import { Ajv2020 } from 'ajv/dist/2020.js';

type Json = Record<string, unknown>;

interface Answered {
  readonly status: number;
  readonly type: string;
  /** Of JSON: the value. */
  readonly body?: unknown;
}

const DOCUMENT = 'openapi';

export class Contract {
  readonly #document: Json;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

  constructor(document: unknown) {
    this.#document = document as Json;
    this.#ajv.addSchema({ ...this.#document, $id: DOCUMENT }, DOCUMENT);
  }

  /** Every operation, by its id: path, method and what the document says of it. */
  operations(): Map<string, { path: string; method: string; operation: Json }> {
    const paths = this.#document['paths'] as Record<string, Record<string, Json>>;
    return new Map(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => [
          operation['operationId'] as string,
          { path, method, operation },
        ]),
      ),
    );
  }

  /** What is wrong with an answer: nothing, if the document has it. */
  problems(operationId: string, { status, type, body }: Answered): string[] {
    const found = this.operations().get(operationId);
    if (found === undefined) return [`there is no operation ${operationId}`];
    const responses = found.operation['responses'] as Record<string, Json>;
    const key = Object.hasOwn(responses, status) ? String(status) : 'default';
    const declared = responses[key];
    if (declared === undefined) return [`${operationId} does not answer ${status}`];
    const response = this.#followed(declared);
    const content = response['content'] as Record<string, Json> | undefined;
    if (content === undefined) return type === '' ? [] : [`${operationId} ${status} has no ${type}`];
    const media = Object.keys(content).find((each) => bare(each) === bare(type) || each === '*/*');
    if (media === undefined) return [`${operationId} ${status} does not come as ${type}`];
    const schema = content[media]?.['schema'];
    return schema === undefined || !type.includes('json') ? [] : this.#mismatches(schema, body);
  }

  /** What is wrong with the parameters of a call. */
  paramProblems(name: string, params: unknown): string[] {
    const body = this.operations().get(name)?.operation['requestBody'] as Json | undefined;
    const content = body?.['content'] as Record<string, Json> | undefined;
    return this.#mismatches(content?.['application/json']?.['schema'], params);
  }

  #mismatches(schema: unknown, value: unknown): string[] {
    const { $ref, ...rest } = schema as Json;
    const validate = this.#ajv.compile(
      typeof $ref === 'string' ? { ...rest, $ref: `${DOCUMENT}${$ref}` } : rest,
    );
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  #followed(part: Json): Json {
    const $ref = part['$ref'];
    if (typeof $ref !== 'string') return part;
    return $ref
      .split('/')
      .slice(1)
      .reduce<Json>((at, key) => at[key] as Json, this.#document);
  }
}

export async function answeredBy(response: Response): Promise<Answered> {
  const type = response.headers.get('content-type') ?? '';
  const text = await response.text();
  return {
    status: response.status,
    type,
    ...(type.includes('application/json') ? { body: JSON.parse(text) as unknown } : {}),
  };
}

function bare(type: string): string {
  return type.split(';')[0]?.trim() ?? type;
}
