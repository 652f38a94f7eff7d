/** docs/errors.md: the table of errors. */
import { STATUS } from '../../packages/master/src/http/status.ts';
import { ERROR_CODES, ERRORS } from '../../packages/protocol/src/index.ts';
import { code, page } from './markdown.ts';

const INTRODUCTION = `\
Every error has a code, on the wire, in logs, in \`--json\` and on the screen. The message says what happened to which
thing; this page says what holds for every error of that code.

*Again* says whether the same request can succeed later without anybody changing anything. *HTTP* is the
status by which the [HTTP API](http-api.md) answers; many of these errors only ever meet scripts or the command line.`;

export function errorsPage(): string {
  return page('Errors', INTRODUCTION, ...ERROR_CODES.map(section));
}

function section(name: keyof typeof ERRORS): string {
  const { means, action, retry } = ERRORS[name];
  return [
    `## ${code(name)}`,
    means,
    `- What to do: ${action}\n- Again: ${retry ? 'yes' : 'no'}\n- HTTP: ${STATUS[name]}`,
  ].join('\n\n');
}
