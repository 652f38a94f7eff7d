/**
 * Why a connection is closed, as the text of a close frame: `CODE message`, cut between characters to the
 * 123 bytes that RFC 6455, section 5.5.1, leaves for it.
 */
import { isErrorCode, TuttiError } from '@tutti/protocol';

const REASON_BYTES = 123;
const ELLIPSIS = '…';

export function closeReason({ code, message }: TuttiError): string {
  const bytes = Buffer.from(`${code} ${message}`);
  if (bytes.byteLength <= REASON_BYTES) return bytes.toString();
  let end = REASON_BYTES - Buffer.byteLength(ELLIPSIS);
  // 10xxxxxx continues a character: a cut goes before its first byte.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + ELLIPSIS;
}

/** The error that such a text stands for, or undefined when it is none. */
export function fromCloseReason(reason: string): TuttiError | undefined {
  const [, code, message = ''] = /^(\S+) (.*)$/s.exec(reason) ?? [];
  return isErrorCode(code) ? new TuttiError(code, message) : undefined;
}
