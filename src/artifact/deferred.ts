import type { JsonValue } from '../base/json.ts'

/**
 * What an artifact holds where a value is known only when a flow runs (blocks.md 7.1). Leaves of otherwise plain JSON;
 * an author's own key that starts with `$` is written with one more.
 */
export type Deferred = { readonly $expr: string } | { readonly $template: string } | Reference | SecretText | JsonValue

/** A value of another published block, by address; pinned when it names a version or a digest. */
export type Reference = { readonly $ref: string; readonly version?: number; readonly digest?: string }

/** A secret, or text with secrets in it; resolved in the process that makes the call. */
export type SecretText = { readonly $secret: string } | { readonly $join: readonly (string | { readonly $secret: string })[] }

/** Text of a message: literal, or a template of the language over `input`. */
export type DeferredText = string | { readonly $template: string } | { readonly $expr: string }
