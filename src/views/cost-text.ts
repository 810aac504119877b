import type { AffectedCost, CostBasis, CostForecast, Forecast, TokenCount } from '../plan/plan.ts'
import { formatChange, formatCount, formatMoneys, formatTokens } from './format-number.ts'
import type { Style } from './style.ts'

/** `11 fixed`, `214 → 216 fixed (+2)`. */
export function tokensText(before: TokenCount | undefined, after: TokenCount, style: Style): string {
  const text = `${formatTokens(after.fixed, after.approximate)} fixed`
  if (before === undefined || before.fixed === after.fixed) return text
  return `${formatTokens(before.fixed, before.approximate)} ${style.glyphs.arrow} ${text} (${signed(after.fixed - before.fixed)})`
}

/** `+2`, `-1,204`. */
export function signed(count: number): string {
  return count > 0 ? `+${formatCount(count)}` : formatCount(count)
}

/** What 1,000 calls cost, then what the figure rests on where there is more to say. */
export function costTexts({ costBefore, costAfter }: Forecast, environment: string, style: Style): readonly string[] {
  if (costAfter === undefined) return []
  const basis = costBefore?.basis.kind === costAfter.basis.kind ? costBefore.basis : costAfter.basis
  return [costText(costBefore, costAfter, style), ...basisTexts(basis, environment)]
}

function costText(before: CostForecast | undefined, after: CostForecast, style: Style): string {
  const limit = after.basis.kind === 'limit' ? 'at most ' : ''
  const [amountBefore, amountAfter] = formatMoneys([before?.nanoPerThousandCalls ?? null, after.nanoPerThousandCalls])
  if (after.nanoPerThousandCalls === null) {
    const unknown = unknownText(after)
    return before === undefined || before.nanoPerThousandCalls === null ? unknown : `${amountBefore} ${style.glyphs.arrow} ${unknown}`
  }
  const simulated = after.basis.kind === 'simulated' ? ' (simulated)' : ''
  const isSame = before === undefined || before.nanoPerThousandCalls === after.nanoPerThousandCalls
  if (isSame) return `${limit}${amountAfter} per 1,000 calls${simulated}`
  return `${limit}${amountBefore} ${style.glyphs.arrow} ${amountAfter} per 1,000 calls${changeText(before, after)}${simulated}`
}

function unknownText(cost: CostForecast): string {
  return `unknown (no price for ${JSON.stringify(cost.modelId)})`
}

function changeText(before: CostForecast, after: CostForecast): string {
  if (before.nanoPerThousandCalls === null || after.nanoPerThousandCalls === null) return ''
  const change = formatChange(before.nanoPerThousandCalls, after.nanoPerThousandCalls)
  return change === undefined ? '' : ` (${change})`
}

function basisTexts(basis: CostBasis, environment: string): readonly string[] {
  switch (basis.kind) {
    case 'recorded':
      return [
        `basis: median of ${formatCount(basis.calls)} calls in ${environment} in ${formatCount(basis.days)} days, ` +
          `${formatCount(basis.inputTokens)} in and ${formatCount(basis.outputTokens)} out`,
      ]
    case 'limit':
      return [`basis: ${formatCount(basis.inputTokens)} fixed tokens in, at most ${formatCount(basis.outputTokens)} out`]
    default:
      return []
  }
}

/** `prompt.answer costs $0.1794 → $0.4784 per 1,000 calls (+166.7%)` */
export function affectedCostText(cost: AffectedCost, style: Style): string {
  return `${cost.address} costs ${costText(cost.before, cost.after, style)}`
}

/** `+2 tokens, +0.2%`: what changed, for one line; undefined when nothing did. */
export function forecastSummary({ tokensBefore, tokensAfter, costBefore, costAfter }: Forecast): string | undefined {
  const tokens = tokensBefore && tokensAfter && tokensAfter.fixed !== tokensBefore.fixed ? tokensAfter.fixed - tokensBefore.fixed : 0
  const [before, after] = [costBefore?.nanoPerThousandCalls, costAfter?.nanoPerThousandCalls]
  const cost = typeof before === 'number' && typeof after === 'number' && before !== after ? formatChange(before, after) : undefined
  const parts = [
    ...(tokens === 0 ? [] : [`${signed(tokens)} ${Math.abs(tokens) === 1 ? 'token' : 'tokens'}`]),
    ...(cost === undefined ? [] : [cost]),
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}
