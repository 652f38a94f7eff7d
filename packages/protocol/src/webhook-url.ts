/** Where notifications may be sent: http or https, and no password in it, which would end up in logs of others. */
import * as z from 'zod';

export const WebhookUrl = z
  .string()
  .max(2048)
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
  }, 'no http or https address')
  .refine((text) => {
    const url = URL.parse(text);
    return url === null || (url.username === '' && url.password === '');
  }, 'an address with a user or a password in it');
