/** Numbers and statuses as people read them on the page. */
import type { Status } from '@tutti/protocol';
import { type Html, html } from './escape.ts';

/** `0.04 s`, `2.9 s`, `1 min 5 s`, `2 h 3 min` */
export function duration(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** `312 B`, `3.1 KiB`, `24 GiB` */
export function size(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024) return `${value >= 10 || unit === 'B' ? Math.round(value) : value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}

/** The style sheet adds a sign for each. */
export function badge(status: Status | 'RUNNING'): Html {
  return html`<span class="badge ${status}">${status}</span>`;
}

/** Where a time stands on an axis of that length, in percent. */
export function percent(time: number, length: number): number {
  return length > 0 ? Math.round((Math.min(Math.max(time, 0), length) / length) * 10_000) / 100 : 0;
}
