/** Options of `MemberFiles` for tests of something else. */
export const NO_HINDRANCE = { now: () => 0, room: () => undefined, onDamage: () => {} };
