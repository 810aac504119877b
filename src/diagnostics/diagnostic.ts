import type { DiagnosticCode } from './codes/index.ts'
import type { SourceRange } from './source.ts'

export type Severity = 'error' | 'warning'

/**
 * What a person can act on. A message says what is wrong, where, why, and what to do, in that order;
 * names of the user's things are in it, sensitive values never are.
 */
export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly severity: Severity
  /** One line, with the names in it and no full stop: `There is no model "fats"`. */
  readonly summary: string
  /** Whole sentences: what is expected and what to do. Lines that start with two spaces are commands and never wrap. */
  readonly detail?: string
  /** The tight range that the caret underlines. */
  readonly subject?: SourceRange
  /** Printed after the caret: `it opens here`. */
  readonly label?: string
  /** Where the subject stands, printed after the position: `in prompt "answer"`, `read by prompt.answer`. */
  readonly where?: string
  /** The address of the block that is concerned, for machine formats. */
  readonly address?: string
  /** The argument of that block that is concerned, where whoever has the configuration adds the range: `api_key`. */
  readonly argument?: string
  /** Facts shown under the source line, each after a `·`: `var.temperature is 3`. */
  readonly notes?: readonly string[]
  /** Further places, each with why it matters: `the input is declared here`. */
  readonly related?: readonly RelatedRange[]
  /** What was probably meant, as it would be written; rendered as `Did you mean X?`. */
  readonly suggestions?: readonly string[]
}

export interface RelatedRange {
  readonly range: SourceRange
  readonly message: string
  /** The default is `also`; cycles print each place as a place of its own, without it. */
  readonly peer?: boolean
}

/** A diagnostic without its severity: errors are the rule. */
export type DiagnosticInput = Omit<Diagnostic, 'severity'>
