/** Something in a text that speaks for an attempt to turn a model. */
export interface Signal {
  readonly type: string
  readonly start: number
  readonly end: number
  /** How likely one such thing alone is an attempt, 0 to 1. */
  readonly weight: number
}

/** Independent signs together: what all of them leave of a doubt. A sign that a text shows often is no surer for it. */
export function combinedScore(signals: readonly Signal[]): number {
  const different = new Map(signals.map(({ type, weight }) => [`${type} ${weight}`, weight]))
  return 1 - [...different.values()].reduce((doubt, weight) => doubt * (1 - weight), 1)
}
