import { printString } from '../hcl/print-template.ts'

/** The name of a block instance: `prompt.answer`, `prompt.greet["de"]`, `module.kb["de"].prompt.answer` (blocks.md 7.3). */
export interface Address {
  /** The module instance that it stands in: `module.kb["de"]`; absent in the root. */
  readonly module?: string
  readonly kind: string
  readonly name: string
  readonly key?: InstanceKey
}

/** A key of `for_each`, or an index of `count`. */
export type InstanceKey = string | number

export const LABEL = /^[a-z][a-z0-9_-]{0,62}$/

export function formatAddress({ module, kind, name, key }: Address): string {
  return withinModule(module, `${kind}.${name}${key === undefined ? '' : formatKey(key)}`)
}

export function formatKey(key: InstanceKey): string {
  return typeof key === 'number' ? `[${key}]` : `[${printString(key)}]`
}

/** @param module undefined in the root. */
export function withinModule(module: string | undefined, text: string): string {
  return module === undefined ? text : `${module}.${text}`
}

/** An address taken apart, its keys as they are written: `["de"]`, `[0]`, or nothing. */
export interface AddressParts {
  /** From the outside in. */
  readonly modules: readonly { readonly name: string; readonly key: string }[]
  readonly kind: string
  readonly name: string
  readonly key: string
}

const KEY = String.raw`(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?`
const NAME = '[a-z][a-z0-9_-]*'
const WHOLE = new RegExp(`^((?:module\\.${NAME}${KEY}\\.)*)(${NAME})\\.(${NAME})(${KEY})$`, 's')
const MODULE = new RegExp(`module\\.(${NAME})(${KEY})\\.`, 'gs')

/** @returns undefined when the text is no address. */
export function parseAddress(text: string): AddressParts | undefined {
  const [, modules = '', kind = '', name = '', key = ''] = WHOLE.exec(text) ?? []
  if (kind === '') return undefined
  return { modules: [...modules.matchAll(MODULE)].map(([, name = '', key = '']) => ({ name, key })), kind, name, key }
}

/** `prompt` of `module.kb["de"].prompt.answer`; empty when the text is no address. */
export function kindOfAddress(text: string): string {
  return parseAddress(text)?.kind ?? ''
}
