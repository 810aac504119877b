import { enumerate } from '../base/enumerate.ts'
import { type RunRecord, TERMINAL_STATES } from '../engine/durable/record-store.ts'
import type { RunAction } from '../operations/runs/pinned.ts'
import { countMoves, type HeldVersion, type PointerMove, type PointerPlan } from '../plan/pointer-plan.ts'
import type { Release } from '../registry/release.ts'
import { type ChangeHeader, versionsText } from './change-text.ts'
import { costTexts, signed } from './cost-text.ts'
import { formatCount } from './format-number.ts'
import { headerLines } from './plan-text.ts'
import type { Style } from './style.ts'

/** Names of a list before it is counted instead. */
const NAMED_MAX = 3
const ACTION_DONE = { pause: 'paused', cancel: 'cancelled' } as const

/** A rollback as a person reads it before the question (cli.md 3.11). Ends with a newline. */
export function rollbackText(plan: PointerPlan, action: RunAction, style: Style): string {
  const { environment, base, moves, restores } = plan
  const target = restores === undefined ? '' : `, to what release ${restores} was`
  const headers = headerLines(
    moves.map(move => moveHeader(move, rollbackSummary(move, restores), style)),
    style,
  )
  const lines = headers.flatMap((header, index) => {
    const users = restores === undefined ? (moves[index]?.usedBy ?? []) : []
    return users.length === 0 ? [header] : [header, `      used by  ${users.join(', ')}`]
  })
  const title = `Rollback of ${style.paint.address(environment)}, release ${base}${target}`
  return `${[title, '', ...lines, ...inFlightLines(plan, action), ...liftedLines(plan, style)].join('\n')}\n`
}

/** What becomes of runs in flight on what it leaves (HOLD-9). */
function inFlightLines({ moves, inFlight = 0 }: PointerPlan, action: RunAction): readonly string[] {
  if (inFlight === 0) return []
  const [move, ...others] = moves
  const before = move?.before && others.length === 0 ? `@${move.before.version}` : 'what it leaves'
  const runs = `${formatCount(inFlight)} ${inFlight === 1 ? 'run' : 'runs'} in flight`
  const fate =
    action === 'keep'
      ? `${runs} ${inFlight === 1 ? 'finishes' : 'finish'} on ${before}`
      : `${runs} on ${before} ${inFlight === 1 ? 'is' : 'are'} ${ACTION_DONE[action]}`
  const next = move?.after && others.length === 0 ? `; new runs use @${move.after.version}` : ''
  return [`      ${fate}${next}`]
}

/** What was done about them: `2 runs are paused.` */
export function settledText(action: RunAction, runs: readonly Pick<RunRecord, 'state'>[]): string {
  if (action === 'keep') return ''
  if (runs.length === 0) return 'No run was in flight on what it left.\n'
  const wanted = ACTION_DONE[action]
  const done = runs.filter(({ state }) => state === wanted).length
  const ended = runs.filter(({ state }) => state !== wanted && TERMINAL_STATES.has(state)).length
  const others = runs.length - done - ended
  const sentences = [
    `${runCount(done, 'is', 'are')} ${wanted}.`,
    ...(ended === 0 ? [] : [`${runCount(ended, 'has', 'have')} ended before.`]),
    ...(others === 0
      ? []
      : [`${runCount(others, 'is', 'are')} being cancelled by the process that works on ${others === 1 ? 'it' : 'them'}.`]),
  ]
  return `${sentences.join(' ')}\n`
}

function runCount(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? `run ${one}` : `runs ${many}`}`
}

function rollbackSummary({ before, after }: PointerMove, restores: number | undefined): string {
  if (after === null) return restores === undefined ? 'archived' : `archived; release ${restores} did not have it`
  return before === null ? 'back from the archive' : ''
}

/** `Release 17 of prod. prompt.answer is @7; prompt.answer@8 is held.` */
export function rolledBackText({ environment, moves, held, restores }: PointerPlan, { number }: Release): string {
  const [first, ...others] = moves
  const arrived =
    restores !== undefined
      ? `It is as release ${restores} was`
      : first && others.length === 0
        ? `${first.address} is ${first.after ? `@${first.after.version}` : 'archived'}`
        : `${moves.length} pointers moved`
  return `Release ${number} of ${environment}. ${arrived}; ${heldText(held)}.\n`
}

/** What the next apply does about it. */
export function afterRollback({ environment, held }: PointerPlan): string {
  return held.length > 0
    ? `Until the configuration says otherwise, apply to ${environment} is refused.\n`
    : `Nothing keeps the next apply to ${environment} from publishing what the configuration says.\n`
}

function heldText(held: readonly HeldVersion[]): string {
  if (held.length === 0) return 'nothing is held'
  if (held.length > NAMED_MAX) return `${formatCount(held.length)} versions are held`
  return `${enumerate(held.map(({ address, version }) => `${address}@${version}`))} ${held.length === 1 ? 'is' : 'are'} held`
}

/** A promote as a person reads it before the question (cli.md 3.12). Ends with a newline. */
export function promoteText(plan: PointerPlan, style: Style): string {
  const { environment, base, moves, source } = plan
  const from = source ? `${source.environment}@${source.release}` : ''
  const against = base === 0 ? 'which has no release yet' : `against ${environment}@${base}`
  const title = `Promote ${from} to ${style.paint.address(environment)}, ${against}`
  const same = source?.same ?? 0
  if (moves.length === 0) return `${title}\nNo changes. ${environment} has these versions already.\n`
  const headers = headerLines(
    moves.map(move => moveHeader(move, promoteSummary(move, from, style), style)),
    style,
  )
  const more =
    same === 0 ? [] : [`    ${style.glyphs.ellipsis} ${formatCount(same)} ${same === 1 ? 'pointer is' : 'pointers are'} the same`]
  const { add, change, destroy } = countMoves(moves)
  const counts = `Promote: ${add} to add, ${change} to change, ${destroy} to destroy. ${copiedText(source?.copied ?? 0)}`
  return `${[title, '', ...headers, ...more, ...liftedLines(plan, style), '', counts].join('\n')}\n`
}

function copiedText(copied: number): string {
  if (copied === 0) return 'Nothing is copied.'
  return copied === 1 ? '1 content is copied.' : `${formatCount(copied)} contents are copied.`
}

/** What changes for whoever calls it, or the number that the version has where it comes from. */
function promoteSummary({ forecast = {}, numberedThere }: PointerMove, from: string, style: Style): string {
  const { tokensBefore, tokensAfter, costBefore, costAfter } = forecast
  const tokens = tokensBefore && tokensAfter ? tokensAfter.fixed - tokensBefore.fixed : 0
  const isSameCost = costBefore?.nanoPerThousandCalls === costAfter?.nanoPerThousandCalls
  const parts = [
    ...(numberedThere === undefined ? [] : [`@${numberedThere} of ${from}`]),
    ...(tokens === 0 ? [] : [`${signed(tokens)} ${Math.abs(tokens) === 1 ? 'token' : 'tokens'}`]),
    ...(costBefore && costAfter && !isSameCost ? costTexts(forecast, '', style).slice(0, 1) : []),
  ]
  return parts.join(', ')
}

/** `Promote complete! Release 18 of prod: 1 added, 1 changed, 0 destroyed.` */
export function promotedText({ environment, moves }: PointerPlan, { number }: Release): string {
  const { add, change, destroy } = countMoves(moves)
  return `Promote complete! Release ${number} of ${environment}: ${add} added, ${change} changed, ${destroy} destroyed.\n`
}

/** Holds that the release would lift; a plan that may not lift them says so in its refusal. */
function liftedLines({ obstacles }: PointerPlan, style: Style): readonly string[] {
  return obstacles.map(
    ({ address, version, hold }) =>
      `  ${style.paint.change('!')} ${address}@${version} is held since release ${hold.rollback}, by ${hold.actor}: ${JSON.stringify(hold.reason)}`,
  )
}

function moveHeader({ address, before, after }: PointerMove, summary: string, style: Style): ChangeHeader {
  const sign = before === null ? '+' : after === null ? '-' : '~'
  return { sign, address, versions: versionsText(before?.version, after?.version, style), summary }
}
