import type { Reference } from './deferred.ts'
import type { JsonSchema } from './json-schema.ts'

/** What is done with a text in which something is found: refused, with the finding taken out, or passed on with a mark. */
export const GUARD_ACTIONS = ['block', 'redact', 'flag'] as const
export type GuardAction = (typeof GUARD_ACTIONS)[number]

export const PII_TYPES = ['email', 'phone', 'card', 'iban', 'national_id', 'ip', 'url'] as const
export type PiiType = (typeof PII_TYPES)[number]

/** A check on text (blocks.md, guard). */
export interface GuardSpec {
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  /** In source order, each on the text that the former left; at least one. */
  readonly detectors: readonly DetectorSpec[]
  /** What a detector that fails does: a guard that cannot look does not let through. */
  readonly on_error: 'block' | 'flag'
}

export type DetectorSpec =
  | {
      readonly type: 'length'
      readonly action: 'block' | 'flag'
      readonly min_chars?: number
      readonly max_chars?: number
      readonly max_tokens?: number
    }
  | { readonly type: 'pattern'; readonly action: GuardAction; readonly allow: readonly string[]; readonly deny: readonly string[] }
  | {
      readonly type: 'pii'
      readonly action: GuardAction
      /** Sorted. */
      readonly types: readonly PiiType[]
      /** What was taken out is put back in the output of the same run. */
      readonly reversible: boolean
    }
  | { readonly type: 'secrets'; readonly action: GuardAction; readonly threshold: number }
  | { readonly type: 'injection'; readonly action: GuardAction; readonly threshold: number }
  | { readonly type: 'json'; readonly action: 'block' | 'flag'; readonly schema?: JsonSchema }
  | {
      readonly type: 'judge'
      readonly action: 'block' | 'flag'
      readonly model: Reference
      readonly rubric: string
      readonly threshold: number
    }
