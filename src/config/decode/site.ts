import type { Report } from '../../diagnostics/report.ts'
import type { Attribute } from '../../hcl/ast.ts'
import type { EvaluationContext } from '../../hcl/function.ts'
import type { LockedServer } from '../locked-tools.ts'

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
  /** What the lock says of MCP servers. */
  readonly servers?: readonly LockedServer[]
  readonly report: Report
}

/** One argument of a block instance. */
export interface ArgumentSite extends BlockSite {
  readonly attribute: Attribute
}
