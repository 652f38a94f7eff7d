/**
 * Delivers one notification over HTTP, once.
 *
 * Guarantees: it ends within the time limit, whatever the receiver does; redirects are not followed; neither the secret nor
 * more than the host of an address gets into what it says.
 */
import { createHmac } from 'node:crypto';
import type { NotificationEvent } from '@tutti/protocol';

export interface Delivery {
  readonly id: string;
  readonly event: NotificationEvent;
  readonly url: string;
  readonly body: string;
}

/** `gone`: the receiver does not want to be asked again. */
export type Outcome =
  | { readonly is: 'delivered' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'gone'; readonly why: string };

export type Post = (delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;

const TIMEOUT_MS = 10_000;
const GONE = 410;

export interface PosterOptions {
  readonly software: string;
  /** Signs the body; without one it is not signed. */
  readonly secret?: string | undefined;
  readonly timeoutMs?: number;
}

export function poster({ software, secret, timeoutMs = TIMEOUT_MS }: PosterOptions): Post {
  return async ({ id, event, url, body }, signal) => {
    const headers = {
      'content-type': 'application/json',
      'user-agent': `tutti/${software}`,
      'x-tutti-event': event,
      'x-tutti-delivery': id,
      ...(secret === undefined ? {} : { 'x-tutti-signature': signatureOf(body, secret) }),
    };
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      // Node loads what it needs for this at the first call.
      const response = await fetch(url, {
        ...{ method: 'POST', headers, body, redirect: 'manual' as const },
        signal: AbortSignal.any([signal, limit]),
      });
      await response.body?.cancel();
      if (response.ok) return { is: 'delivered' };
      const why = `${hostOf(url)} answered ${response.status}`;
      return { is: response.status === GONE ? 'gone' : 'failed', why };
    } catch (error) {
      const why = limit.aborted
        ? `did not answer within ${timeoutMs / 1000} s`
        : `cannot be reached: ${reason(error)}`;
      return { is: 'failed', why: `${hostOf(url)} ${why}` };
    }
  };
}

/** As GitHub signs what it sends: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries */
function signatureOf(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Paths and queries of webhooks are often what protects them. */
export function hostOf(url: string): string {
  return URL.parse(url)?.host ?? 'the receiver';
}

function reason(error: unknown): string {
  const cause = (error as Error).cause ?? error;
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' ? code : 'the connection broke';
}
