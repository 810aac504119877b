import type { DiagnosticCode } from '../../diagnostics/codes/index.ts'
import { Report } from '../../diagnostics/report.ts'
import type { Block } from '../../hcl/ast.ts'
import { text } from '../decode/argument.ts'
import { type BodySpec, decodeBody, optional } from '../decode/body.ts'
import { META_ARGUMENTS } from '../decode/meta-arguments.ts'
import type { BlockSite } from '../decode/site.ts'
import { judgeCondition } from './condition.ts'

const checkBody = {
  arguments: { ...META_ARGUMENTS, description: optional(text()) },
  blocks: { assert: { labels: [], many: true, decode: (block: Block) => block } },
} as const satisfies BodySpec

/** What a check came to: a false one warns, and stops nothing. */
export interface CheckResult {
  /** `check.window`, `module.kb.check.window["de"]`. */
  readonly address: string
  /** `error`: an assertion could not be worked out; `unknown`: one is known only later. */
  readonly status: 'pass' | 'fail' | 'error' | 'unknown'
  /** Of the assertions that do not hold, in the words of their author. */
  readonly messages: readonly string[]
}

/** Names that nothing has: an error in a check as everywhere, since no value could make them right. */
const MISSPELT: readonly DiagnosticCode[] = [
  'hcl/unknown-name',
  'hcl/unknown-function',
  'hcl/unknown-attribute',
  'hcl/wrong-argument-count',
  'hcl/plan-only-function',
]

/**
 * Evaluates all assertions of a check.
 *
 * @param siteOf gives the site of the check, with this report.
 */
export function evaluateCheck(
  block: Block,
  address: string,
  siteOf: (report: Report) => BlockSite,
  report: Report,
): CheckResult | undefined {
  const decoded = decodeBody(block.body, checkBody, siteOf(report), block)
  if (decoded === undefined) return undefined
  if (decoded.assert.length === 0) reportNoAssertion(block, address, report)
  const messages: string[] = []
  const statuses = new Set<CheckResult['status']>()
  for (const assertion of decoded.assert) {
    const own = new Report()
    const site = siteOf(own)
    const judgement = judgeCondition(assertion, site)
    for (const diagnostic of own.diagnostics) {
      const isOfValues = diagnostic.code.startsWith('hcl/') && !MISSPELT.includes(diagnostic.code)
      report.add(isOfValues ? { ...diagnostic, severity: 'warning' } : diagnostic)
    }
    statuses.add(({ holds: 'pass', unknown: 'unknown', invalid: 'error', fails: 'fail' } as const)[judgement.status])
    if (judgement.status !== 'fails') continue
    const { detail, subject } = judgement
    messages.push(detail)
    report.warning({ code: 'config/check-failed', summary: `${address} does not hold`, detail, subject, where: site.where, address })
  }
  const status = (['fail', 'error', 'unknown'] as const).find(candidate => statuses.has(candidate)) ?? 'pass'
  return { address, status, messages }
}

function reportNoAssertion(block: Block, address: string, report: Report): void {
  report.error({
    code: 'config/missing-argument',
    summary: `${address} asserts nothing`,
    detail: 'Add assert { condition = … error_message = … }, each on a line of its own.',
    subject: block.headerRange,
    address,
  })
}
