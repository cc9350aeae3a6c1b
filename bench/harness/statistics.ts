/** The median. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A quantile, interpolated between two values if needed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const low = sorted[Math.floor(position)] ?? NaN;
  const high = sorted[Math.ceil(position)] ?? NaN;
  return low + (high - low) * (position - Math.floor(position));
}

/** Half the distance from the least to the greatest value, as a share of the median; 0 when all values are equal. */
export function spread(values: readonly number[]): number {
  const half = (Math.max(...values) - Math.min(...values)) / 2;
  return half === 0 ? 0 : half / median(values);
}
