/** docs/protocol.md: the wire protocol and the local socket, from the catalogue. */
import {
  calls,
  DIRECTIONS,
  type Direction,
  events,
  Kind,
  LIMITS,
  localVerbs,
  PROTOCOL,
  SUBPROTOCOL,
} from '../../packages/protocol/src/index.ts';
import { Fields, rulesText, type Schema, typeText } from './fields.ts';
import { code, page, table } from './markdown.ts';

type Entry = (typeof calls)[keyof typeof calls] | (typeof events)[keyof typeof events];

const INTRODUCTION = `\
Agents and clients each hold one WebSocket to the master, with the subprotocol \`${SUBPROTOCOL}\`, binary frames and no
compression. A frame is one envelope in plain MessagePack: no extension types, no \`undefined\`; integers beyond 32 bits
may arrive as floats. This is version ${PROTOCOL.major}.${PROTOCOL.minor}.

Both ends validate what comes in. Unknown fields and unknown events are ignored, an unknown call is answered
\`UNKNOWN_CALL\`, a call with a bad field \`BAD_PARAMS\` and the field's path. Bytes that are no envelope end the
connection. The codes are in [errors.md](errors.md).`;

const VERSIONS = `\
The first call on a connection carries the version: \`hello\` from an agent, \`client.hello\` from a client. Another major
is refused with \`PROTOCOL_MISMATCH\` and a message that says which side to upgrade; a newer minor is accepted. A minor
version may add calls, events and optional fields; anything else needs a new major.`;

const ENVELOPES: Record<keyof typeof Kind, { items: string; about: string }> = {
  call: { items: 'id, name, params', about: 'is answered by exactly one result or failure with the same id' },
  result: { items: 'id, result', about: 'the answer to a call' },
  failure: { items: 'id, {code, message, details?}', about: 'the answer to a call that could not be done' },
  event: { items: 'name, params', about: 'is not answered' },
  cancel: { items: 'id', about: 'the caller withdraws a call; it is still answered' },
  data: { items: 'stream, offset, bytes', about: 'a chunk of an open stream, at its offset in the stream' },
};

const IDS = `\
Ids and stream numbers are whole numbers chosen by the sender of the call or stream; they mean nothing to the other
direction. Answers are matched by id and may come in any order.`;

const LOCAL = `\
A script reaches its agent at the Unix socket \`$TUTTI_SOCKET\`: newline-delimited JSON, one object a line.

\`\`\`
→ {"id":"…","call":"barrier","args":{"name":"ready"}}
← {"id":"…","result":{"generation":0,"rank":1,"size":2,"data":{}}}
← {"id":"…","error":{"code":"BARRIER_BROKEN","message":"…"}}
\`\`\`

The caller chooses a random id (8 to 128 printable ASCII characters) and repeats the same line on a new connection until
it is answered; a repeated id gets the same answer. Closing the connection withdraws its waits.`;

const LIMITS_INTRODUCTION = `\
Bytes, or as many of the things that the row names. Who passes a limit gets the error, and nobody else is harmed.`;

export function protocolPage(): string {
  const fields = new Fields();
  // What is described fills `types`, so this comes before the types themselves.
  const messages = directionGroups().flatMap((group) => groupSection(group, fields));
  const verbs = Object.entries(localVerbs).map(([name, verb]) =>
    [`### Verb ${code(name)}`, verb.doc, ...shapes(fields, 'Arguments', verb.args, verb.result)].join('\n\n'),
  );
  return page(
    'Protocol',
    INTRODUCTION,
    `## Versions\n\n${VERSIONS}`,
    `## Envelopes\n\n${envelopeTable()}\n\n${IDS}`,
    ...messages,
    `## The local socket\n\n${LOCAL}`,
    ...verbs,
    `## Limits\n\n${LIMITS_INTRODUCTION}\n\n${limitsTable()}`,
    '## Types',
    ...types(fields),
  );
}

function envelopeTable(): string {
  return table(
    ['kind', 'frame', ''],
    Object.entries(Kind).map(([kind, number]) => {
      const { items, about } = ENVELOPES[kind as keyof typeof Kind];
      return [kind, code(`[${number}, ${items}]`), about];
    }),
  );
}

interface Group {
  readonly directions: readonly Direction[];
  readonly entries: [string, Entry][];
}

/** What goes the same ways, together; in the catalogue's order, calls first. */
function directionGroups(): Group[] {
  const groups = new Map<string, Group>();
  for (const [name, entry] of [...Object.entries(calls), ...Object.entries(events)] as [string, Entry][]) {
    const key = entry.directions.join();
    const group = groups.get(key) ?? { directions: entry.directions, entries: [] };
    group.entries.push([name, entry]);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function groupSection({ directions, entries }: Group, fields: Fields): string[] {
  const title =
    directions.length === DIRECTIONS.length ? 'Every session, both ways' : sentence(directions.map(spaced));
  return [`## ${title}`, ...entries.map(([name, entry]) => entrySection(name, entry, fields))];
}

function sentence(parts: readonly string[]): string {
  const text = parts.join(', ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function spaced(direction: Direction): string {
  const [from, to] = direction.split('→');
  return `${from} to ${to}`;
}

function entrySection(name: string, entry: Entry, fields: Fields): string {
  const heading = `### ${code(name)}`;
  if (entry.kind === 'event')
    return [heading, `Event. ${entry.doc}`, ...shapes(fields, 'Parameters', entry.params)].join('\n\n');
  const kind = entry.idempotent
    ? 'Call, idempotent.'
    : 'Call, not idempotent: not to be repeated after a lost answer.';
  const http = entry.http === undefined ? '' : ` Over HTTP: ${overHttp(entry.http)}.`;
  return [
    heading,
    `${kind} ${entry.doc}${http}`,
    ...shapes(fields, 'Parameters', entry.params, entry.result),
  ].join('\n\n');
}

function overHttp(http: string): string {
  return http.startsWith('none, ') ? http : code(http);
}

function shapes(
  fields: Fields,
  inputName: string,
  input: Parameters<Fields['schema']>[0],
  result?: Parameters<Fields['schema']>[0],
): string[] {
  const shape = (name: string, schema: Schema): string => {
    if (schema.$ref !== undefined) return `${name}: ${typeText(schema)}.`;
    const rows = fields.table(schema);
    return rows === undefined ? `${name}: none.` : `${name}:\n\n${rows}`;
  };
  return [
    shape(inputName, fields.schema(input)),
    ...(result ? [shape('Result', fields.schema(result))] : []),
  ];
}

function limitsTable(): string {
  return table(
    ['limit', 'value', 'of', 'error'],
    Object.entries(LIMITS).map(([name, limit]) => [
      code(name),
      limit.value.toLocaleString('en-US'),
      limit.what,
      `[${limit.code}](errors.md#${limit.code.toLowerCase()})`,
    ]),
  );
}

function types(fields: Fields): string[] {
  return [...fields.types]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => [`### ${name}`, ...typeSection(schema, fields)].join('\n\n'));
}

function typeSection(schema: Schema, fields: Fields): string[] {
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices?.some((choice) => choice.properties !== undefined)) {
    return ['One of:', ...choices.flatMap((choice) => [choiceTitle(choice), fields.table(choice) ?? ''])];
  }
  const rows = fields.table(schema.items ?? schema);
  if (rows !== undefined) return schema.items ? ['A list of:', rows] : [rows];
  return [[typeText(schema), rulesText(schema)].filter((text) => text !== '').join(': ')];
}

function choiceTitle(choice: Schema): string {
  const [name, value] = Object.entries(choice.properties ?? {}).find(([, field]) => 'const' in field) ?? [];
  const title = name === undefined ? 'object' : `${code(name)} = ${code(JSON.stringify(value?.const))}`;
  const rules = rulesText(choice);
  return `*${title}*${rules === '' ? '' : `: ${rules}`}`;
}
