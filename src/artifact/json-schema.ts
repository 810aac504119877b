import type { JsonValue } from '../base/json.ts'

/** JSON Schema 2020-12 as types compile to it. `x-order` keeps the source order of an object's fields. */
export interface JsonSchema {
  readonly [keyword: string]: JsonValue
}
