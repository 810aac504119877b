import type { Signal } from './signal.ts'
import { ROLE, rolesOf } from './words.ts'

interface Word {
  readonly start: number
  readonly end: number
  readonly roles: number
}

/** How far from the word that begins it the rest may stand, in words. */
const REACH = 8
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}-]{0,63}/gu
/** Words without a break: one sentence of so many is enough to look at once. */
const SENTENCE_END = /[.!?\n。！？]/

/**
 * What is said word by word: "ignore … previous … instructions" and its like, in any order after the verb. Each word is
 * looked at together with the next few, so the time grows with the text.
 */
export function sentenceSignals(text: string): readonly Signal[] {
  const signals: Signal[] = []
  let sentence: Word[] = []
  let end = 0
  for (const { index, 0: word } of text.matchAll(WORD)) {
    if (SENTENCE_END.test(text.slice(end, index))) {
      signals.push(...signalsOf(sentence))
      sentence = []
    }
    end = index + word.length
    sentence.push({ start: index, end, roles: rolesOf(word) })
  }
  return [...signals, ...signalsOf(sentence)]
}

function signalsOf(sentence: readonly Word[]): readonly Signal[] {
  const found: Signal[] = []
  sentence.forEach((word, index) => {
    if (word.roles === 0) return
    const next = sentence.slice(index + 1, index + 1 + REACH)
    const before = sentence.slice(Math.max(0, index - 2), index)
    const rule = RULES.find(({ applies }) => applies(word, next, before))
    if (rule === undefined) return
    const last = next.findLast(({ roles }) => (roles & rule.parts) !== 0) ?? word
    found.push({ type: rule.type, start: word.start, end: last.end, weight: rule.weight })
  })
  return withoutRepetition(found)
}

/** A sentence that says the same twice is no surer for it. */
function withoutRepetition(found: readonly Signal[]): readonly Signal[] {
  return found.filter((signal, index) => !found.some((other, at) => at < index && other.type === signal.type && other.end >= signal.start))
}

interface Rule {
  readonly type: string
  readonly weight: number
  readonly applies: (word: Word, next: readonly Word[], before: readonly Word[]) => boolean
  /** The words that belong to it. */
  readonly parts: number
}

const is = (word: Word, role: number) => (word.roles & role) !== 0
const has = (words: readonly Word[], role: number) => words.some(word => is(word, role))
const isPriorOrders = (words: readonly Word[]) => has(words, ROLE.orders) && has(words, ROLE.prior)
const isAllThatWasSaid = (words: readonly Word[]) => has(words, ROLE.everything) && has(words, ROLE.before)

const RULES: readonly Rule[] = [
  {
    type: 'instruction_override',
    weight: 0.8,
    // "Do not forget the rules": the opposite.
    applies: (word, next, before) =>
      is(word, ROLE.drop) && !has(before, ROLE.not) && !has(next.slice(0, 1), ROLE.not) && (isPriorOrders(next) || isAllThatWasSaid(next)),
    parts: ROLE.orders | ROLE.prior | ROLE.everything | ROLE.before,
  },
  {
    type: 'instruction_override',
    weight: 0.8,
    applies: (word, next, before) => is(word, ROLE.follow) && has(before, ROLE.not) && isPriorOrders(next),
    parts: ROLE.orders | ROLE.prior,
  },
  {
    type: 'instruction_override',
    weight: 0.3,
    applies: (word, next) => is(word, ROLE.follow) && has(next.slice(0, 3), ROLE.fresh) && has(next.slice(0, 4), ROLE.orders),
    parts: ROLE.orders | ROLE.fresh,
  },
  {
    type: 'prompt_exfiltration',
    weight: 0.7,
    applies: (word, next) => is(word, ROLE.show) && tellsInner(next),
    parts: ROLE.inner | ROLE.told,
  },
  {
    type: 'prompt_exfiltration',
    weight: 0.65,
    applies: (word, next) => is(word, ROLE.ask) && has(next.slice(0, 3), ROLE.yours) && tellsInner(next),
    parts: ROLE.inner | ROLE.told,
  },
  {
    type: 'prompt_exfiltration',
    weight: 0.6,
    applies: (word, next) =>
      is(word, ROLE.show) && has(next.slice(0, 4), ROLE.everything | ROLE.text) && has(next.slice(0, 6), ROLE.before),
    parts: ROLE.everything | ROLE.text | ROLE.before,
  },
  {
    type: 'persona_change',
    weight: 0.7,
    applies: (word, next) => is(word, ROLE.pretend) && isFree(next),
    parts: ROLE.without | ROLE.limits,
  },
  {
    type: 'persona_change',
    weight: 0.7,
    applies: (word, next) => is(word, ROLE.are) && has(next, ROLE.machine) && isFree(next),
    parts: ROLE.without | ROLE.limits,
  },
  {
    type: 'safety_bypass',
    weight: 0.6,
    applies: (word, next, before) =>
      is(word, ROLE.disable) && (has(next.slice(0, 4), ROLE.moderation) || countOf([...before, ...next.slice(0, 5)], ROLE.safety) > 1),
    parts: ROLE.safety | ROLE.moderation,
  },
]

function isFree(words: readonly Word[]): boolean {
  const index = words.findIndex(word => is(word, ROLE.without))
  return index !== -1 && has(words.slice(index + 1, index + 4), ROLE.limits)
}

/** "hidden instructions", "system prompt", "message of the system": near each other. */
function tellsInner(words: readonly Word[]): boolean {
  return words.some((word, index) => is(word, ROLE.inner) && has(words.slice(Math.max(0, index - 3), index + 4), ROLE.told))
}

function countOf(words: readonly Word[], role: number): number {
  return words.filter(word => is(word, role)).length
}
