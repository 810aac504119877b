/** A part of a text in which a detector found something. Offsets are UTF-16 units, `end` is after the last one. */
export interface Finding {
  /** `email`, `github_token`. */
  readonly type: string
  readonly start: number
  readonly end: number
  /** How sure it is, 0 to 1. */
  readonly score: number
}

/** In the order of the text, each part once: of two that overlap the one that was found first counts. */
export function withoutOverlaps(found: readonly Finding[]): readonly Finding[] {
  const inOrder = found.map((finding, rank) => ({ finding, rank })).sort((a, b) => a.finding.start - b.finding.start || a.rank - b.rank)
  const kept: { finding: Finding; rank: number }[] = []
  for (const next of inOrder) {
    let isTaken = false
    for (let last = kept.at(-1); last && last.finding.end > next.finding.start; last = kept.at(-1)) {
      isTaken = last.rank < next.rank
      if (isTaken) break
      kept.pop()
    }
    if (!isTaken) kept.push(next)
  }
  return kept.map(({ finding }) => finding)
}

/** `2 email, 1 card`: what was found, and never the text itself. */
export function countText(found: readonly Finding[]): string {
  const counts = new Map<string, number>()
  for (const { type } of found) counts.set(type, (counts.get(type) ?? 0) + 1)
  return [...counts].map(([type, count]) => `${count} ${type.replaceAll('_', ' ')}`).join(', ')
}
