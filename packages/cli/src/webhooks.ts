/** What is said of webhooks on the command line. */
import { readFileSync, statSync } from 'node:fs';
import { TuttiError, WebhookUrl } from '@tutti/protocol';

/** Throws `USAGE`; an address that is refused is not repeated, it may be a secret. */
export function webhookUrls(urls: readonly string[], option: string): string[] {
  return urls.map((url) => {
    const read = WebhookUrl.safeParse(url);
    if (read.success) return read.data;
    throw new TuttiError('USAGE', `${option}: this is ${read.error.issues[0]?.message ?? 'no address'}`);
  });
}

/** Throws `USAGE` when it cannot be read, can be by others, or is empty. */
export function webhookSecret(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const secret = readSecret(path);
  if (secret === '') throw new TuttiError('USAGE', `the webhook secret file ${path} is empty`);
  return secret;
}

function readSecret(path: string): string {
  try {
    if ((statSync(path).mode & 0o077) === 0) return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new TuttiError(
      'USAGE',
      `the webhook secret file ${path} cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  throw new TuttiError('USAGE', `the webhook secret file ${path} can be read by others; chmod 600 ${path}`);
}
