/**
 * The name that was probably meant: Damerau-Levenshtein distance at most 1 for names of up to 4 characters, 2 up to 8, else 3.
 *
 * @returns the best candidate, two when they are equally near, none when nothing is near.
 */
export function suggest(wanted: string, candidates: Iterable<string>): readonly string[] {
  // Every name of one letter is one edit from every other: nothing can be meant by that.
  const limit = Math.min(wanted.length <= 4 ? 1 : wanted.length <= 8 ? 2 : 3, wanted.length - 1)
  let best: string[] = []
  let bestDistance = limit + 1
  for (const candidate of new Set(candidates)) {
    if (candidate === wanted || Math.abs(candidate.length - wanted.length) > limit) continue
    const distance = editDistance(wanted, candidate, limit)
    if (distance > limit || distance > bestDistance) continue
    best = distance < bestDistance ? [candidate] : [...best, candidate]
    bestDistance = distance
  }
  return best.length <= 2 ? best.sort() : []
}

/**
 * Restricted Damerau-Levenshtein distance (optimal string alignment): a swap of neighbours counts as one edit.
 *
 * @param limit counting ends once two rows are above it: the result is then more than the limit, and no more is known.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  let previousLowest = 0
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    let lowest = i
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1)
      current.push(cost)
      if (cost < lowest) lowest = cost
    }
    // A swap reaches back over one row, so one row above the limit is not the end.
    if (lowest > limit && previousLowest > limit) return lowest
    previousLowest = lowest
    beforePrevious = previous
    previous = current
  }
  return previous[b.length] ?? 0
}
