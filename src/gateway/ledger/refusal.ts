import type { BudgetTarget, Caller } from '../call.ts'
import { CallFailure } from '../failure.ts'
import type { CounterStanding } from './ledger.ts'

const NANO_PER_DOLLAR = 1e9
const MINUTE_MS = 60_000

/** What was spent, what is needed, and when it starts again. */
export function exhausted(standing: CounterStanding, neededNano: number, caller: Caller, nowMs: number): CallFailure {
  const { budget, value, environment, limitNano, spentNano, reservedNano, runs } = standing
  const of = value === '' ? '' : ` for ${value}`
  const counted = runs === 0 || standing.run !== undefined ? '' : `, ${runs} ${runs === 1 ? 'run' : 'runs'}`
  return new CallFailure({
    class: 'budget_exhausted',
    message: `${budget} is used up`,
    refusedBy: budget,
    notes: [
      `spent     ${exactDollars(spentNano)} of ${exactDollars(limitNano)} in ${environment}${of}${counted}`,
      `reserved  ${exactDollars(reservedNano)}`,
      `needed    at most ${exactDollars(neededNano)}${caller.node === undefined ? '' : ` for node ${caller.node}`}`,
    ],
    cure: [
      `${startsAgain(standing, nowMs)} The call was not made.`,
      ...(standing.run === undefined ? ['What spent it: flowrun costs --by flow --since 1d'] : []),
    ],
  })
}

function startsAgain({ run, window }: CounterStanding, nowMs: number): string {
  if (run !== undefined) return 'Each run has this much.'
  const moment = new Date(window.endMs).toISOString().replace('T', ' ').replace('.000Z', 'Z')
  return `It starts again at ${moment} (in ${timeLeft(window.endMs - nowMs)}).`
}

/** The store of the budgets cannot be reached: a limit that cannot be checked refuses (BUD-7). */
export function unavailable(budget: BudgetTarget, reason: string): CallFailure {
  return new CallFailure({
    class: 'budget_unavailable',
    message: `${budget.address} cannot be read`,
    refusedBy: budget.address,
    cure: [reason, 'A budget that cannot be read refuses. The call was not made; try it again.'],
  })
}

export function unpriced({ address }: BudgetTarget, model: string): CallFailure {
  return new CallFailure({ class: 'unknown_price', message: `the price of ${model} is unknown`, refusedBy: address })
}

/** With the decimals that it has, up to the sixth, for two rounded amounts may look the same: `$4.9991`, `$5.00`. */
export function exactDollars(nano: number): string {
  const [whole = '0', fraction = ''] = (nano / NANO_PER_DOLLAR).toFixed(6).split('.')
  return `$${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`
}

/** `9 h 12 m`, `3 d 4 h`, `25 m`: two units at most. */
function timeLeft(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / MINUTE_MS))
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)]
  const units = [
    [days, 'd'],
    [hours, 'h'],
    [days > 0 ? 0 : minutes % 60, 'm'],
  ] as const
  return units.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(' ')
}
