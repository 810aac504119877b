import type { Attempt, CallHistory, CallTier, PassedOver } from './call.ts'
import { durationText, type FailureDetails } from './failure.ts'

/** When each attempt was made, and what came of it. */
export function attemptTable(attempts: readonly Attempt[]): readonly string[] {
  const rows = attempts.map(
    attempt =>
      [
        String(attempt.number),
        tenths(attempt.startedAfterMs),
        attempt.number === 1 ? '' : tenths(attempt.waitedMs),
        resultOf(attempt),
      ] as const,
  )
  const atWidth = Math.max('at'.length, ...rows.map(row => row[1].length))
  const waitedWidth = Math.max('waited'.length, ...rows.map(row => row[2].length))
  return [
    `attempt  ${'at'.padEnd(atWidth)}  ${'waited'.padEnd(waitedWidth)}  result`,
    ...rows.map(
      ([number, at, waited, result]) =>
        `${number.padStart('attempt'.length)}  ${at.padEnd(atWidth)}  ${waited.padStart(waitedWidth)}  ${result}`,
    ),
  ]
}

function resultOf({ outcome, status, providerCode, retryAfterMs }: Attempt): string {
  const what = status === undefined ? [outcome.replaceAll('_', ' '), providerCode] : [String(status), providerCode ?? outcome]
  const parts = [
    what.filter(text => text !== undefined).join(' '),
    ...(retryAfterMs === undefined ? [] : [`Retry-After ${durationText(retryAfterMs)}`]),
  ]
  return parts.join(', ')
}

function tenths(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** What each model of a chain was asked, and how it ended; the last row is that of the failure. */
export function chainTable(tiers: readonly CallTier[], details: FailureDetails, { attempts, passedOver }: CallHistory): readonly string[] {
  const models = tiers.flatMap(tier => tier.models)
  const ends: readonly PassedOver[] = [
    ...passedOver,
    ...(details.target
      ? [{ model: details.target.address, id: details.target.spec.id, reason: details.class, detail: details.message }]
      : []),
  ]
  const rows = ends.map(({ model, id, reason, detail }): readonly string[] => {
    const tries = attempts.filter(attempt => attempt.model === model)
    return [model, models.find(({ address }) => address === model)?.spec.id ?? id, String(tries.length), endOf(tries, reason, detail)]
  })
  return aligned([['model', 'id', 'tries', 'result'], ...rows])
}

function endOf(tries: readonly Attempt[], reason: PassedOver['reason'], detail: string | undefined): string {
  const last = tries.at(-1)
  if (reason === 'breaker_open') return `breaker open: ${(detail ?? '').replace(' failed, ', ' failed with ')}`
  if (last === undefined || last.outcome === 'answered') return detail ?? reason.replaceAll('_', ' ')
  const times =
    tries.length > 1
      ? `, ${tries.length} times in ${durationText(last.startedAfterMs + last.durationMs - (tries[0]?.startedAfterMs ?? 0))}`
      : ''
  return resultOf(last) + times
}

/** Columns two blanks apart; that of numbers is on the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(([model = '', id = '', tries = '', result = '']) =>
    [model.padEnd(widths[0] ?? 0), id.padEnd(widths[1] ?? 0), tries.padStart(widths[2] ?? 0), result].join('  '),
  )
}
