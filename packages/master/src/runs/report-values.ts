/** Times and fields as reports have them. Pure. */

/** Seconds between two instants of master time. */
export function since(from: number, to: number): number {
  return milliseconds(Math.max(0, to - from) / 1000);
}

/** Seconds to the millisecond. */
export function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The fields that have a value: an absent key says more than an empty one. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
