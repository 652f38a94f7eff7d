/** What this process was started with, as the client package takes it. */
import type { Environment } from '@tutti/client';

export function surroundings(): Environment {
  return { env: process.env, uid: process.getuid?.() };
}
