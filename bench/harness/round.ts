/** As many digits as a measurement is worth. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The value that a share of all, such as 0.99, does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
