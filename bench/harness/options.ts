/** Numbers on the command line. */

/** Throws an `Error` that names the option. */
export function count(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${option} takes whole numbers from 1, not "${text}"`);
}

/** `100,1000` */
export function counts(option: string, text: string): number[] {
  return text.split(',').map((part) => count(option, part));
}
