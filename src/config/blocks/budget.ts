import { BUDGET_ACTIONS, BUDGET_KEYS, BUDGET_PERIODS, type BudgetSpec } from '../../artifact/budget.ts'
import { compact } from '../../base/compact.ts'
import type { Block } from '../../hcl/ast.ts'
import { labels, money, oneOf, percents, text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, type Decoded, decodeBody, defaulted, near, optional, required } from '../decode/body.ts'
import { META_ARGUMENTS, META_BLOCKS } from '../decode/meta-arguments.ts'
import { reference, references } from '../decode/reference.ts'
import type { BlockSite } from '../decode/site.ts'
import { placeOf } from '../decode/value.ts'
import { argumentRange } from './argument-range.ts'
import type { BlockDefinition } from './definition.ts'

/** What can be paid for: flows, and what they call. */
const PAID_KINDS = ['workflow', 'prompt', 'agent', 'model', 'provider'] as const

const limit: ArgumentDecoder<number> = site => {
  const value = money(site)
  if (value === undefined || value > 0) return value
  site.report.error({
    code: 'config/out-of-range',
    summary: 'The limit of a budget is more than $0',
    detail: 'With nothing to spend no call can be made. Remove what calls the models instead.',
    ...placeOf(site, site.attribute.expression),
  })
  return undefined
}

const plainText = text()

const timezone: ArgumentDecoder<string> = site => {
  const value = plainText(site)
  if (value === undefined || isTimezone(value)) return value
  site.report.error({
    code: 'config/bad-timezone',
    summary: `"${value}" is not a time zone`,
    detail: 'Write the IANA name of a place: "Europe/Berlin", "America/New_York", or "UTC".',
    ...placeOf(site, site.attribute.expression),
    ...near(value, Intl.supportedValuesOf('timeZone')),
  })
  return undefined
}

/** An offset such as +01:00 is no calendar: it knows no summer. */
function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const budgetBody = {
  arguments: {
    ...META_ARGUMENTS,
    description: optional(text()),
    labels: optional(labels),
    limit: required(limit),
    per: required(oneOf(BUDGET_PERIODS)),
    by: optional(oneOf(BUDGET_KEYS)),
    applies_to: defaulted(references(...PAID_KINDS), []),
    action: defaulted(oneOf(BUDGET_ACTIONS), 'block'),
    degrade_to: optional(reference('model')),
    warn_at: defaulted(percents, [0.8]),
    timezone: defaulted(timezone, 'UTC'),
    unknown_price: defaulted(oneOf(['refuse', 'ignore']), 'refuse'),
  },
  blocks: META_BLOCKS,
} as const satisfies BodySpec

/** A limit on money: calls reserve what they may cost before, and settle what they did cost after. */
export const budget: BlockDefinition<'budget'> = {
  kind: 'budget',
  summary: 'a limit on money, per run, day or month',
  stability: 'stable',
  body: budgetBody,
  compile(block, site) {
    const decoded = decodeBody(block.body, budgetBody, site, block)
    if (decoded === undefined || !fitsAction(block, decoded, site)) return undefined
    const { limit: limit_nano, per, by, applies_to, action, degrade_to, warn_at, timezone: zone, unknown_price } = decoded
    const { description, labels: given } = decoded
    const spec: BudgetSpec = compact({
      ...{ description, labels: given, limit_nano, per, by, applies_to },
      ...{ action, degrade_to, warn_at, timezone: zone, unknown_price },
    })
    return { spec }
  },
}

function fitsAction(block: Block, { action, degrade_to }: Decoded<typeof budgetBody>, site: BlockSite): boolean {
  if ((action === 'degrade') === (degrade_to !== undefined)) return true
  const place = { where: site.where, address: site.address }
  if (action === 'degrade') {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'The argument "degrade_to" is missing',
      detail: 'Say which cheaper model takes over when the budget runs low: degrade_to = model.NAME.',
      subject: argumentRange(block, 'action') ?? block.headerRange,
      ...place,
    })
  } else {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: `degrade_to has no use with action = "${action}"`,
      detail: 'Only action = "degrade" asks another model. Write that, or remove degrade_to.',
      subject: argumentRange(block, 'degrade_to') ?? block.headerRange,
      ...place,
    })
  }
  return false
}
