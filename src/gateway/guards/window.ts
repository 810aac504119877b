import type { GuardTarget } from '../call.ts'
import type { StreamLook } from './detector.ts'
import type { Finding } from './finding.ts'
import { placeholderLabel, streamLook } from './index.ts'
import type { Placeholders } from './placeholders.ts'

/**
 * Characters that come before a text is looked at again: each look reads all of it, so a long one waits for a part of what
 * was read. In steps of 256 alone 500,000 characters took 43 s, and so 2 s.
 */
const LOOK_EVERY = 256
const LOOK_EVERY_PART = 1 / 32

/** What comes out of a window: text that no guard changes any more, whatever follows. */
export interface GuardWindow {
  /** Takes the next piece of an answer; tells what is safe of it. */
  push(text: string): void
  /** All that was told. */
  told(): string
}

/** How the guards of an answer look at its beginning. */
export type WindowPlan = readonly Stage[]

interface Stage extends StreamLook {
  readonly wordFor: ((finding: Finding, value: string, placeholders: Placeholders) => string) | undefined
}

/**
 * @param mayChange whether a guard may refuse or change an answer at all.
 * @returns undefined where one of them has to see the whole.
 */
export async function windowPlan(
  guards: readonly GuardTarget[],
  mayChange: (guard: GuardTarget) => boolean,
): Promise<WindowPlan | undefined> {
  const stages: Stage[] = []
  for (const { spec } of guards.filter(mayChange)) {
    for (const detector of spec.detectors) {
      if (detector.action === 'flag' && detector.type !== 'judge') continue
      const look = await streamLook(detector)
      if (look === undefined) return undefined
      const isReversible = detector.type === 'pii' && detector.reversible
      const wordFor: Stage['wordFor'] = (finding, value, placeholders) =>
        placeholders.take(placeholderLabel(detector.type, finding), value, isReversible)
      stages.push({ ...look, wordFor: detector.action === 'redact' ? wordFor : undefined })
    }
  }
  return stages
}

/**
 * Holds an answer back by as much as the longest match of each guard, one after the other, each on what the former left
 * of it (GW-5). What a guard blocks ends it: nothing from there on is told.
 */
export function createWindow(plan: WindowPlan, placeholders: Placeholders, tell: (text: string) => void): GuardWindow {
  let told = ''
  const last = (text: string) => {
    told += text
    tell(text)
  }
  const push = plan.reduceRight<(text: string) => void>((next, stage) => stageOf(stage, placeholders, next), last)
  return { push, told: () => told }
}

function stageOf({ reach, look, wordFor }: Stage, placeholders: Placeholders, next: (text: string) => void): (piece: string) => void {
  let text = ''
  let passed = 0
  let looked = 0
  let isBlocked = false
  return piece => {
    text += piece
    if (isBlocked || text.length - looked < Math.max(LOOK_EVERY, looked * LOOK_EVERY_PART)) return
    looked = text.length
    placeholders.avoid([text])
    const safe = endOfSign(text, text.length - reach)
    let out = ''
    let at = passed
    for (const finding of look(text)) {
      if (finding.start >= safe || finding.end <= at) continue
      if (wordFor === undefined) {
        // A part of an answer that is refused: what stands before it has been safe, and is enough.
        isBlocked = true
        break
      }
      if (finding.end === finding.start) continue
      out += text.slice(at, finding.start) + wordFor(finding, text.slice(finding.start, finding.end), placeholders)
      at = finding.end
    }
    if (!isBlocked && safe > at) {
      out += text.slice(at, safe)
      at = safe
    }
    passed = at
    if (out !== '') next(out)
  }
}

/** Not between the two units of a sign beyond the basic plane: halves are no text (NUM-4). */
function endOfSign(text: string, index: number): number {
  return (text.charCodeAt(index - 1) & 0xfc00) === 0xd800 ? index - 1 : index
}
