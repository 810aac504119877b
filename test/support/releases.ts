import { canonicalJson } from '../../src/base/canonical-json.ts'
import { systemClock } from '../../src/base/clock.ts'
import { digestOf } from '../../src/base/digest.ts'
import { createUlidSource } from '../../src/base/ids.ts'
import type { JsonValue } from '../../src/base/json.ts'
import type { Content } from '../../src/registry/content.ts'
import type { PointerFlip, PointerSet } from '../../src/registry/pointer.ts'
import type { Registry } from '../../src/registry/registry.ts'
import type { ReleaseOutcome, ReleaseRequest } from '../../src/registry/release.ts'
import type { NewVersion } from '../../src/registry/version.ts'

export const nextId = createUlidSource(systemClock)

/** The content of a made-up artifact: a prompt with this text, of this interface. */
export function contentFor(text: string): Content {
  const artifact: JsonValue = { format: 'flowrun.artifact/1', kind: 'prompt', refs: [], secrets: [], spec: { text } }
  return { digest: digestOf(artifact), body: canonicalJson(artifact) }
}

export function versionOf(address: string, version: number, text: string, interfaceName = 'plain'): NewVersion {
  return { address, version, digest: contentFor(text).digest, interfaceDigest: digestOf(interfaceName) }
}

/** A block of a made-up configuration: its text, and the interfaces that it has and needs. */
export interface Block {
  readonly text: string
  readonly interfaceName?: string
  /** Addresses it refers to, with the interface of each that it was compiled against. */
  readonly refersTo?: Readonly<Record<string, string>>
}

export type Blocks = Readonly<Record<string, Block>>

export interface ApplyOptions extends Partial<ReleaseRequest> {
  readonly environment?: string
  readonly lineage?: string | null
}

/** Plans the request that makes an environment equal to the blocks, as apply would; uploads nothing. */
export async function planRelease(registry: Registry, blocks: Blocks, options: ApplyOptions = {}): Promise<ReleaseRequest> {
  const { environment = 'dev', lineage = 'lineage-a' } = options
  const current = await registry.pointers(environment)
  const highest = await registry.highestVersions()
  const versions: NewVersion[] = []
  const numbers = new Map<string, number>()
  for (const [address, block] of Object.entries(blocks)) {
    const { digest } = contentFor(block.text)
    const [known] = await registry.findVersions([{ address, digest }])
    const version = known?.version ?? (highest.get(address) ?? 0) + 1
    numbers.set(address, version)
    if (!known) versions.push(versionOf(address, version, block.text, block.interfaceName))
  }
  const flips = flipsTo(current, numbers, lineage)
  const references = Object.entries(blocks).flatMap(([address, block]) =>
    Object.entries(block.refersTo ?? {}).map(([target, name]) => ({
      address,
      version: numbers.get(address) ?? 0,
      target,
      interfaceDigest: digestOf(name),
    })),
  )
  return {
    environment,
    applyId: nextId(),
    base: current.release,
    kind: 'apply',
    lineage,
    changeDigest: digestOf(flips.map(({ address, before, after }) => ({ address, before, after }))),
    actor: 'ana',
    source: '',
    reason: 'a test',
    versions,
    flips,
    references,
    ...options,
  }
}

function flipsTo(current: PointerSet, numbers: ReadonlyMap<string, number>, lineage: string | null): readonly PointerFlip[] {
  const flips: PointerFlip[] = []
  for (const [address, after] of numbers) {
    const pointer = current.pointers.get(address)
    if (pointer?.version === after && pointer.owner === lineage) continue
    flips.push({ address, before: pointer?.version ?? null, after, ownerBefore: pointer?.owner ?? null, ownerAfter: lineage })
  }
  for (const [address, pointer] of current.pointers) {
    if (numbers.has(address) || pointer.owner !== lineage) continue
    flips.push({ address, before: pointer.version, after: null, ownerBefore: pointer.owner, ownerAfter: null })
  }
  return flips
}

export async function upload(registry: Registry, ...texts: readonly string[]): Promise<void> {
  await registry.uploadContents(texts.map(contentFor))
}

/** Uploads and commits what makes the environment equal to the blocks. */
export async function apply(registry: Registry, blocks: Blocks, options: ApplyOptions = {}): Promise<ReleaseOutcome> {
  await upload(registry, ...Object.values(blocks).map(block => block.text))
  return registry.commitRelease(await planRelease(registry, blocks, options))
}
