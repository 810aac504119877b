import { OperationError } from '../diagnostics/operation-error.ts'
import type { Pointer } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { CompiledReference, NewVersion } from '../registry/version.ts'
import { catchUp } from '../state/catch-up.ts'
import type { Deployed } from './deployed.ts'
import type { OperationHost } from './project.ts'
import { findVersion, type ShownArtifact } from './show.ts'
import { begunState, changeState, commitState, type StateChanged, type StateChangeOptions } from './state/change.ts'

export interface ImportOptions extends StateChangeOptions {
  /** Why the address is taken from another configuration; without it such an address is left alone (DRIFT-9). */
  readonly takeOver?: string
}

/**
 * Takes over a version that the registry has: from now on this configuration owns the address, and the version is active
 * there. What the configuration itself says of the block is the next plan's business.
 *
 * @param address the block that owns it from now on.
 * @param reference `prompt.reply@5`, of this address or of another one, whose content is then published here too.
 * @throws OperationError `registry/unknown-version`, `registry/never-published`, `state/other-kind`, `apply/owned-elsewhere`.
 */
export function importVersion(
  host: OperationHost,
  options: ImportOptions,
  address: string,
  reference: string,
): Promise<Deployed<StateChanged>> {
  return changeState(host, options, `import ${address} ${reference}`, async site => {
    const { registry, backend, environment } = site
    const found = await findVersion(registry, environment, reference)
    const base = await catchUp(registry, backend, environment, host.newId)
    const { pointers } = base
    const pointer = pointers.pointers.get(address)
    requireSameKind(address, found)
    requireConsent(pointer, base.snapshot.lineage, environment, options.takeOver)
    const { snapshot, stored } = site.dryRun ? base : await begunState(site, base)
    const { version, versions, references } = await published(registry, address, found)
    const owned = new Map(snapshot.owned).set(address, { version, digest: found.digest })
    const isThere = pointer?.version === version && pointer.owner === snapshot.lineage
    const flip = {
      address,
      before: pointer?.version ?? null,
      after: version,
      ownerBefore: pointer?.owner ?? null,
      ownerAfter: snapshot.lineage,
      ...(options.takeOver === undefined ? {} : { takeOver: options.takeOver }),
    }
    return await commitState(site, {
      snapshot: { ...snapshot, serial: snapshot.serial + 1, owned },
      stored,
      base: pointers.release,
      flips: isThere ? [] : [flip],
      versions,
      references,
      changes: [{ action: 'take', address, version, from: pointer?.owner === snapshot.lineage ? null : (pointer?.owner ?? null) }],
    })
  })
}

function requireSameKind(address: string, { artifact, ...found }: ShownArtifact): void {
  const kind = address
    .replace(/\[[^\]]*\]$/, '')
    .split('.')
    .at(-2)
  if (kind === artifact.kind) return
  throw new OperationError({
    code: 'state/other-kind',
    summary: `${found.address}@${found.version} is a ${artifact.kind}, and ${address} is none`,
    detail: `Import it under the address of a ${artifact.kind}: ${artifact.kind}.NAME. Nothing was changed.`,
  })
}

function requireConsent(pointer: Pointer | undefined, lineage: string, environment: string, takeOver: string | undefined): void {
  if (!pointer?.owner || pointer.owner === lineage || takeOver !== undefined) return
  throw new OperationError({
    code: 'apply/owned-elsewhere',
    summary: `${pointer.address} belongs to another configuration in ${environment}`,
    detail: `Its owner has the lineage ${pointer.owner}. If it is to be taken from there: --take-over REASON\nNothing was changed.`,
  })
}

interface Published {
  readonly version: number
  readonly versions: readonly NewVersion[]
  readonly references: readonly CompiledReference[]
}

/** The number that the content has at this address, or gets; a copy is known to refer to what its origin refers to. */
async function published(registry: Registry, address: string, found: ShownArtifact): Promise<Published> {
  const [existing] = await registry.findVersions([{ address, digest: found.digest }])
  if (existing) return { version: existing.version, versions: [], references: [] }
  const origin = { address: found.address, version: found.version }
  const [[row], facts, numbers] = await Promise.all([
    registry.findVersions([origin]),
    registry.compiledReferences([origin]),
    registry.highestVersions(),
  ])
  const version = (numbers.get(address) ?? 0) + 1
  const copy = { address, version, digest: found.digest, origin: `${origin.address}@${origin.version}` }
  return {
    version,
    versions: row ? [{ ...copy, interfaceDigest: row.interfaceDigest }] : [],
    references: facts.map(({ target, interfaceDigest }) => ({ address, version, target, interfaceDigest })),
  }
}
