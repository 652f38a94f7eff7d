/**
 * A client of the HTTP API that knows nothing of Tutti: made from the OpenAPI document that the master serves, by a library.
 * Every answer that it gets is held against that document; which operations were done, and which refused, is counted.
 */
import { readFile } from 'node:fs/promises';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import { type Document, OpenAPIClientAxios } from 'openapi-client-axios';
import { Contract } from '../../../packages/master/test/http/contract.ts';
import type { RunningMaster } from './daemons.ts';

type Operation = (
  params?: Record<string, unknown> | null,
  body?: unknown,
  config?: AxiosRequestConfig,
) => Promise<AxiosResponse<Buffer>>;

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
  /** Of an answer that is none: undefined. */
  readonly json: never;
}

export class HttpClient {
  readonly document: Record<string, unknown>;
  readonly contract: Contract;
  readonly url: string;
  readonly token: string;
  readonly done = new Set<string>();
  readonly refused = new Set<string>();
  /** What came and is not in the document. */
  readonly problems: string[] = [];
  readonly #operations: Record<string, Operation | undefined>;

  static async of(master: RunningMaster): Promise<HttpClient> {
    const url = master.url.replace('ws:', 'http:');
    const token = (await readFile(master.tokenFile, 'utf8')).trim();
    const response = await fetch(`${url}/api/v1/openapi.json`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const document = (await response.json()) as Record<string, unknown>;
    const api = new OpenAPIClientAxios({
      definition: document as unknown as Document,
      axiosConfigDefaults: {
        baseURL: url,
        headers: { authorization: `Bearer ${token}` },
        responseType: 'arraybuffer',
        validateStatus: () => true,
        // As OpenAPI has it by default: the name again for each.
        paramsSerializer: { indexes: null },
      },
    });
    const client = await api.init();
    return new HttpClient(document, url, token, client as unknown as Record<string, Operation>);
  }

  private constructor(
    document: Record<string, unknown>,
    url: string,
    token: string,
    operations: Record<string, Operation | undefined>,
  ) {
    this.document = document;
    this.contract = new Contract(document);
    this.url = url;
    this.token = token;
    this.#operations = operations;
  }

  /** Whatever comes of it. */
  async ask(
    id: string,
    params: Record<string, unknown> = {},
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const operation = this.#operations[id];
    if (operation === undefined) throw new Error(`the document has no operation ${id}`);
    const response = await operation(params, body, { headers });
    const { status } = response;
    const text = Buffer.from(response.data).toString();
    const type = String(response.headers['content-type'] ?? '');
    const json = (
      type.includes('json') && !type.includes('ndjson') && text !== '' ? JSON.parse(text) : undefined
    ) as never;
    const isHead = id.endsWith('.head');
    if (!isHead)
      this.problems.push(
        ...this.contract.problems(id, { status, type, body: json }).map((what) => `${id} ${status}: ${what}`),
      );
    (status < 400 ? this.done : this.refused).add(id);
    return { status, headers: response.headers as unknown as Record<string, string>, text, json };
  }

  /** A call, or any operation, that has to succeed. */
  async do<T = Record<string, never>>(
    id: string,
    body?: unknown,
    params: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<T> {
    const { status, json, text } = await this.ask(id, params, body, headers);
    if (status >= 400) throw new Error(`${id}: ${status} ${text}`);
    const answer: unknown = json ?? text;
    return answer as T;
  }

  /** The code of a refusal. */
  async refusal(id: string, body?: unknown, params: Record<string, unknown> = {}): Promise<string> {
    const { status, json } = await this.ask(id, params, body);
    if (status < 400) throw new Error(`${id} was not refused`);
    return (json as { error: { code: string } }).error.code;
  }
}
