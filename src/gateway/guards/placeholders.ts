/**
 * What was taken out of the texts of one call, and the words that stand in its place: `[EMAIL_1]`. Equal values get equal
 * words, in the input and in the answer. Held in memory for the time of the call, and nowhere else.
 */
export interface Placeholders {
  /** The word for a value. A value that was taken out for good once is not put back. */
  take(label: string, value: string, isReversible: boolean): string
  /** Words that stand in the texts already are not given out: they are not ours to put back. */
  avoid(texts: readonly string[]): void
  /**
   * The text with the values that may be put back.
   *
   * @param write a value as it stands in this text, where that is not the value itself.
   */
  restore(text: string, write?: (value: string) => string): string
  /** There is something to put back. */
  canRestore(): boolean
  /** The longest word that may be put back, in UTF-16 units. */
  longest(): number
}

interface Taken {
  readonly word: string
  readonly value: string
  readonly isReversible: boolean
}

const WORD = /\[[A-Z][A-Z_]{0,31}_\d{1,9}\]/g

export function createPlaceholders(): Placeholders {
  const taken = new Map<string, Taken>()
  const byWord = new Map<string, string>()
  const used = new Set<string>()
  const numbers = new Map<string, number>()
  const nextWord = (label: string): string => {
    const number = (numbers.get(label) ?? 0) + 1
    numbers.set(label, number)
    const word = `[${label}_${number}]`
    return used.has(word) ? nextWord(label) : word
  }
  const reversible = () => [...byWord.values()].flatMap(key => taken.get(key) ?? []).filter(({ isReversible }) => isReversible)
  return {
    take(label, value, isReversible) {
      const key = `${label} ${value}`
      const known = taken.get(key)
      const word = known?.word ?? nextWord(label)
      taken.set(key, { word, value, isReversible: isReversible && (known?.isReversible ?? true) })
      byWord.set(word, key)
      return word
    },
    avoid(texts) {
      for (const text of texts) for (const [word] of text.matchAll(WORD)) if (!byWord.has(word)) used.add(word)
    },
    restore(text, write = value => value) {
      return text.replace(WORD, word => {
        const known = taken.get(byWord.get(word) ?? '')
        return known?.isReversible ? write(known.value) : word
      })
    },
    canRestore: () => reversible().length > 0,
    longest: () => Math.max(0, ...reversible().map(({ word }) => word.length)),
  }
}
