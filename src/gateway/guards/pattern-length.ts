/** Longer ones are not worth a window. */
const MAX_LENGTH = 4_096

/**
 * UTF-16 units that a match of a pattern can have at most, with what is looked at behind it. A pattern is read as text, so
 * what is not surely short has no length: one that repeats without limit, or that asks where the text ends.
 */
export function longestMatch(pattern: string): number | undefined {
  if (/[*+$]|\{\d+,\}|\\[zZQCpPX]/.test(pattern)) return undefined
  const repeats = [...pattern.matchAll(/\{(?:\d+,)?(\d+)\}/g)].map(([, most]) => Math.max(1, Number(most)))
  // Each sign of the pattern stands for one character at most, which has two units.
  const length = repeats.reduce((product, most) => product * most, 2 * pattern.length) + 2
  return length <= MAX_LENGTH ? length : undefined
}
