import type { DetectorSpec } from '../../artifact/guard.ts'
import type { GuardTarget, GuardVerdict } from '../call.ts'
import { CallFailure } from '../failure.ts'
import { type Detection, type DetectorHelp, GuardTrouble } from './detector.ts'
import { countText, type Finding } from './finding.ts'
import { detect, placeholderLabel } from './index.ts'
import type { Placeholders } from './placeholders.ts'

/** What guards need to look at the texts of one call. */
export interface GuardRun {
  readonly on: GuardVerdict['on']
  readonly placeholders: Placeholders
  readonly violations: DetectorHelp['violations']
  readonly judge: (question: Parameters<DetectorHelp['judge']>[0], guard: GuardTarget) => ReturnType<DetectorHelp['judge']>
}

export interface GuardOutcome {
  /** In the order in which they were given, without what was taken out; of a blocked call as far as the guards came. */
  readonly texts: readonly string[]
  readonly verdicts: readonly GuardVerdict[]
  /** Each part that was found, as it stood when its detector looked. */
  readonly findings: readonly (Finding & { readonly detector: DetectorSpec['type']; readonly text: number })[]
  /** The verdict that refused; nothing was looked for after it. */
  readonly blockedBy?: GuardVerdict
}

/**
 * Holds texts against guards, one detector after the other, each on what the former left of the texts. The first that
 * blocks ends it.
 */
export async function applyGuards(texts: readonly string[], guards: readonly GuardTarget[], run: GuardRun): Promise<GuardOutcome> {
  run.placeholders.avoid(texts)
  let outcome: GuardOutcome = { texts, verdicts: [], findings: [] }
  for (const guard of guards) {
    for (const spec of guard.spec.detectors) {
      outcome = await applyDetector(outcome, spec, guard, run)
      if (outcome.blockedBy) return outcome
    }
  }
  return outcome
}

async function applyDetector(outcome: GuardOutcome, spec: DetectorSpec, guard: GuardTarget, run: GuardRun): Promise<GuardOutcome> {
  const help: DetectorHelp = { violations: run.violations, judge: question => run.judge(question, guard) }
  const verdict = (action: GuardVerdict['action'], finding: string, score?: number): GuardVerdict => ({
    guard: guard.address,
    detector: spec.type,
    on: run.on,
    action,
    finding,
    ...(score !== undefined && { score }),
  })
  let detections: readonly Detection[]
  try {
    detections = await detect(spec, outcome.texts, help)
  } catch (error) {
    return withVerdict(outcome, verdict(guard.spec.on_error, `could not look: ${troubleText(error)}`))
  }
  const found = detections.flatMap(({ findings }) => findings)
  if (found.length === 0) return outcome
  const summary = detections.find(detection => detection.summary !== undefined)?.summary ?? countText(found)
  const scores = detections.flatMap(({ score }) => score ?? [])
  const told = verdict(spec.action, summary, scores.length > 0 ? Math.round(Math.max(...scores) * 100) / 100 : undefined)
  const findings = detections.flatMap((detection, text) => detection.findings.map(finding => ({ ...finding, detector: spec.type, text })))
  const isReversible = spec.type === 'pii' && spec.reversible
  const texts =
    spec.action === 'redact'
      ? outcome.texts.map((text, index) =>
          redacted(text, detections[index]?.findings ?? [], (finding, value) =>
            run.placeholders.take(placeholderLabel(spec.type, finding), value, isReversible),
          ),
        )
      : outcome.texts
  return withVerdict({ ...outcome, texts, findings: [...outcome.findings, ...findings] }, told)
}

function withVerdict(outcome: GuardOutcome, verdict: GuardVerdict): GuardOutcome {
  const next = { ...outcome, verdicts: [...outcome.verdicts, verdict] }
  return verdict.action === 'block' ? { ...next, blockedBy: verdict } : next
}

/** Why a detector could not look. A bug is not hidden behind `on_error`; a cancelled call is cancelled, and one that can wait for its budget waits. */
function troubleText(error: unknown): string {
  if (error instanceof CallFailure && error.details.class !== 'aborted' && error.details.waitsFor === undefined) return error.message
  if (error instanceof GuardTrouble) return error.message
  throw error
}

function redacted(text: string, findings: readonly Finding[], wordFor: (finding: Finding, value: string) => string): string {
  let result = ''
  let end = 0
  for (const finding of findings) {
    if (finding.end <= finding.start) continue
    result += text.slice(end, finding.start) + wordFor(finding, text.slice(finding.start, finding.end))
    end = finding.end
  }
  return result + text.slice(end)
}

const INPUT_CURE = 'Send another input, or let the guard be milder: action = "redact" takes out what it finds, "flag" marks it.'
const ANSWER_CURE =
  'The answer is neither shown nor stored. Ask anew, escalate to another tier with escalate_on = ["guard_blocked"], or let the guard be milder.'

/** What a blocked call fails with: which guard, by which detector, on what; never the text. */
export function blockedFailure({ guard, detector, on, finding }: GuardVerdict): CallFailure {
  const isInput = on === 'input'
  return new CallFailure({
    class: 'guard_blocked',
    message: `${guard} blocked the ${isInput ? 'input' : 'answer'}`,
    refusedBy: guard,
    notes: [`detector   ${detector}`, `on         ${on}`, `found      ${finding}`],
    cure: isInput ? [INPUT_CURE, 'The call was not made.'] : [ANSWER_CURE],
  })
}
