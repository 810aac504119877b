import type { Artifact } from '../artifact/envelope.ts'
import { pinnedReferences } from '../artifact/references.ts'
import type { Digest } from '../base/digest.ts'
import { parseAddress } from '../config/address.ts'
import type { CompileHost } from '../config/host.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { Loaded } from '../config/load.ts'
import { referenceRange } from '../config/order.ts'
import { Report } from '../diagnostics/report.ts'
import type { Pointer } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { VersionQuery } from '../registry/version.ts'
import type { VersionNumbers } from './version-numbers.ts'

/** Numbers of versions by address, then digest. */
type Numbers = ReadonlyMap<string, ReadonlyMap<Digest, number>>

/** What a configuration may ask for. */
export interface PublishedVersions {
  readonly registry: Registry
  /** Under the addresses that the configuration has for them. */
  readonly pointers: Pick<ReadonlyMap<string, Pointer>, 'get'>
  readonly versions: VersionNumbers
}

/**
 * Compiles a configuration that may ask for what is published: version numbers (`prompt.answer.version`) and what
 * `ignore_changes` keeps. Which it asks for is known only after compiling: so it compiles, looks up what was asked for,
 * and compiles again until nothing new is asked. Each round asks for a further address, so it ends; most configurations
 * ask for none, and compile once.
 *
 * @param load compiles once, reporting to the report that it is given.
 */
export async function loadWithVersions(
  load: (asking: Pick<CompileHost, 'versionOf' | 'publishedAt'>, report: Report) => Loaded,
  { registry, pointers, versions }: PublishedVersions,
  report: Report,
): Promise<Loaded> {
  let numbers: Numbers = new Map()
  let artifacts: ReadonlyMap<Digest, Artifact> = new Map()
  for (;;) {
    const askedNumbers = new Set<string>()
    const askedArtifacts = new Map<Digest, string>()
    const versionOf = (address: string, digest: Digest) => {
      const known = numbers.get(address)
      if (known === undefined && versions.has(address)) askedNumbers.add(address)
      return known?.get(digest) ?? versions.highest(address) + 1
    }
    const publishedAt = (address: string) => {
      const pointer = pointers.get(address)
      if (pointer && !artifacts.has(pointer.digest)) askedArtifacts.set(pointer.digest, address)
      return pointer && artifacts.get(pointer.digest)
    }
    const attempt = new Report()
    const loaded = load({ versionOf, publishedAt }, attempt)
    if ((askedNumbers.size === 0 && askedArtifacts.size === 0) || loaded.missing.length > 0) {
      report.add(...attempt.diagnostics)
      return loaded
    }
    numbers = new Map([...numbers, ...(await numbersOf([...askedNumbers], versions))])
    const found = await registry.artifacts([...askedArtifacts].map(([digest, address]) => ({ address, digest })))
    artifacts = new Map([...artifacts, ...found])
  }
}

async function numbersOf(addresses: readonly string[], published: VersionNumbers): Promise<Numbers> {
  const numbers = new Map<string, ReadonlyMap<Digest, number>>()
  for (const address of addresses) {
    const versions = await published.versionsOf(address)
    numbers.set(address, new Map(versions.map(({ digest, version }) => [digest, version])))
  }
  return numbers
}

/** `plan/unknown-version`, for each `pin()` that leads nowhere. */
export async function checkPins(blocks: readonly CompiledBlock[], registry: Registry, report: Report): Promise<void> {
  const pins = blocks.flatMap(block => pinnedReferences(block.artifact.spec).map(reference => ({ block, reference })))
  const queries = pins.map(({ reference }): VersionQuery => {
    const { $ref: address, version, digest } = reference
    return version === undefined ? { address, digest: digest as Digest } : { address, version }
  })
  const found = queries.length > 0 ? await registry.findVersions(queries) : []
  for (const [index, { block, reference }] of pins.entries()) {
    if (found[index] !== undefined) continue
    const { kind, name } = parseAddress(reference.$ref) ?? { kind: '', name: '' }
    report.error({
      code: 'plan/unknown-version',
      summary: `There is no version ${reference.$ref}@${reference.version ?? reference.digest}`,
      detail: `See which there are: flowrun versions ${reference.$ref}`,
      subject: referenceRange(block.block.body, { kind: kind as CompiledBlock['kind'], name }) ?? block.block.headerRange,
      where: `in ${block.kind} "${block.name}"`,
      address: block.address,
    })
  }
}

/** `plan/prevent-destroy`, for each archived instance of a block that says that none may be. */
export function checkGuards(
  archived: readonly { readonly address: string }[],
  { configuration }: Loaded,
  isDestroy: boolean,
  report: Report,
): void {
  for (const { address } of archived) {
    const guard = configuration?.remnant(address)
    if (guard?.preventDestroy === undefined) continue
    report.error({
      code: 'plan/prevent-destroy',
      summary: `${address} would be archived, and prevent_destroy is true`,
      detail: isDestroy
        ? 'Remove prevent_destroy first, or leave the block out: -exclude.'
        : `It is no longer in the ${guard.repetition}. Keep it there, or remove prevent_destroy first.`,
      subject: guard.preventDestroy,
      where: `in ${guard.block.type} "${guard.block.labels[0]?.text}"`,
      address,
    })
  }
}
