import { printString } from '../hcl/print-template.ts'

/** The name of a block instance: `prompt.answer`, `prompt.greet["de"]`, `prompt.greet[0]` (blocks.md 7.3). */
export interface Address {
  readonly kind: string
  readonly name: string
  readonly key?: InstanceKey
}

/** A key of `for_each`, or an index of `count`. */
export type InstanceKey = string | number

export const LABEL = /^[a-z][a-z0-9_-]{0,62}$/

export function formatAddress(address: Address): string {
  return `${address.kind}.${address.name}${address.key === undefined ? '' : formatKey(address.key)}`
}

export function formatKey(key: InstanceKey): string {
  return typeof key === 'number' ? `[${key}]` : `[${printString(key)}]`
}
