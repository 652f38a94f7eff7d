/** Which member directories go when their master does not come for them. Pure. */

export interface Kept {
  readonly member: string;
  readonly bytes: number;
}

/** `kept`: oldest first. The oldest go until what is left takes at most `maxBytes`. */
export function beyond(kept: readonly Kept[], maxBytes: number): string[] {
  let left = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  const going: string[] = [];
  for (const { member, bytes } of kept) {
    if (left <= maxBytes) break;
    going.push(member);
    left -= bytes;
  }
  return going;
}
