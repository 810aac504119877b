import type { Reference } from '../artifact/deferred.ts'
import type { CapsuleType } from '../hcl/type.ts'
import { type Capsule, type CapsuleValue, NO_MARKS, type Value } from '../hcl/value.ts'
import { type Address, formatAddress } from './address.ts'
import type { CompiledBlock } from './instance.ts'

/** What `model.fast` is as a value: the address of a published block, whose attributes can be read. */
export interface BlockReference extends Capsule {
  readonly address: Address
  /** By `pin(…)`: one version and no other. */
  readonly pin?: number | string
  /** Of a pinned one: the block as it is configured. */
  readonly unpinned?: BlockReference
  /** What the block compiled to: absent for a pinned one, which may have been anything; undefined after an error was reported. */
  readonly compiled?: () => CompiledBlock | undefined
}

export function referenceType(kind: string): CapsuleType {
  return { kind: 'capsule', name: kind }
}

export function referenceValue(reference: BlockReference): CapsuleValue {
  return { kind: 'capsule', type: referenceType(reference.address.kind), content: reference, marks: NO_MARKS }
}

export function createReference(
  address: Address,
  attributes: {
    readonly read: (name: string) => Value | undefined
    readonly names: () => readonly string[]
    readonly compiled?: () => CompiledBlock | undefined
  },
): BlockReference {
  const { read, names, compiled } = attributes
  return { label: formatAddress(address), address, attribute: read, attributeNames: names, ...(compiled && { compiled }) }
}

export function isBlockReference(content: Capsule): content is BlockReference {
  return 'address' in content
}

/** As an artifact holds it: an address, not a version, unless it is pinned. */
export function toArtifactReference(reference: BlockReference): Reference {
  const $ref = formatAddress(reference.address)
  if (reference.pin === undefined) return { $ref }
  return typeof reference.pin === 'number' ? { $ref, version: reference.pin } : { $ref, digest: reference.pin }
}
