import type { BudgetSpec } from '../../artifact/budget.ts'
import { budget } from '../blocks/budget.ts'
import { formatPercent } from '../decode/literal.ts'
import { argument, type BodyItem } from './body.ts'
import { moneyText, plainArguments, unlessDefault } from './model-blocks.ts'
import { itemsText, referenceText } from './text.ts'

/** The arguments of a budget that give this artifact. */
export function budgetItems(spec: BudgetSpec): readonly BodyItem[] {
  const { description, labels, limit_nano, per, by, applies_to, degrade_to } = spec
  const usual = <Name extends 'action' | 'timezone' | 'unknown_price'>(name: Name) => unlessDefault(budget.body, name, spec[name])
  return [
    ...plainArguments({ description, labels }),
    ...argument('limit', moneyText(limit_nano)),
    ...plainArguments({ per, by }),
    ...argument('applies_to', applies_to.length === 0 ? undefined : itemsText(applies_to.map(referenceText))),
    ...plainArguments({ action: usual('action') }),
    ...argument('degrade_to', degrade_to && referenceText(degrade_to)),
    ...plainArguments({
      warn_at: unlessDefault(budget.body, 'warn_at', [...spec.warn_at])?.map(formatPercent),
      timezone: usual('timezone'),
      unknown_price: usual('unknown_price'),
    }),
  ]
}
