import type { Report } from '../../diagnostics/report.ts'
import type { Attribute } from '../../hcl/ast.ts'
import type { EvaluationContext } from '../../hcl/function.ts'

/** The block instance that is being decoded, and what its expressions may see. */
export interface BlockSite {
  /** `prompt.answer`; for blocks without an address, their type. */
  readonly address: string
  /** As messages say it: `in prompt "answer"`. */
  readonly where: string
  /** Names known at plan time. */
  readonly evaluation: EvaluationContext
  /** The same with the names that are known only when a flow runs; absent where a block has none. */
  readonly deferred?: EvaluationContext
  readonly report: Report
}

/** One argument of a block instance. */
export interface ArgumentSite extends BlockSite {
  readonly attribute: Attribute
}
