import type { Closure, ClosureMember } from '../artifact/closure.ts'
import { memberKey, pinnedReferences } from '../artifact/references.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { Registry } from '../registry/registry.ts'
import type { ArtifactVersion } from '../registry/version.ts'
import { requireRunnable, splitFlow } from './runnable.ts'

/**
 * What a deployed flow reaches, all from one release.
 *
 * @param flow `prompt.answer`, or `prompt.answer@8` for a version that need not be the active one.
 * @throws OperationError `run/unknown-flow`, `run/unknown-version`, `content/…`.
 */
export async function deployedClosure(
  registry: Registry,
  environment: string,
  flow: string,
): Promise<{ readonly closure: Closure; readonly release: number }> {
  const { pointers, release } = await registry.pointers(environment)
  if (release === 0) throw notDeployed(flow, environment)
  const { address, version: number } = splitFlow(flow)
  const artifacts = await registry.artifacts([...pointers.values()].map(({ address, digest }) => ({ address, digest })))
  const members = new Map<string, ClosureMember>()
  for (const pointer of pointers.values()) {
    const artifact = artifacts.get(pointer.digest)
    if (artifact) members.set(pointer.address, { artifact, digest: pointer.digest, version: pointer.version })
  }
  if (number !== undefined) {
    const version = await findVersion(registry, address, number)
    const artifact = (await registry.artifacts([{ address, digest: version.digest }])).get(version.digest)
    if (artifact) members.set(address, { artifact, digest: version.digest, version: version.version })
  }
  requireRunnable(address, members, `in ${environment}`)
  return { closure: { address, members: await withPinned(registry, members) }, release }
}

/**
 * The members, with the versions that they pin and those that these pin in turn.
 *
 * @throws OperationError `run/unknown-version`
 */
export async function withPinned(
  registry: Registry,
  members: ReadonlyMap<string, ClosureMember>,
): Promise<ReadonlyMap<string, ClosureMember>> {
  const all = new Map(members)
  // A map grows while it is gone through: what a pinned version pins comes later.
  for (const { artifact } of all.values()) {
    for (const reference of pinnedReferences(artifact.spec)) {
      if (all.has(memberKey(reference))) continue
      const { $ref: address, version, digest } = reference
      const versions = await registry.versionsOf(address)
      const found = versions.find(candidate => (version === undefined ? candidate.digest === digest : candidate.version === version))
      if (found === undefined) throw unknownVersion(address, String(version ?? digest), versions)
      const content = (await registry.artifacts([{ address, digest: found.digest }])).get(found.digest)
      if (content) all.set(memberKey(reference), { artifact: content, digest: found.digest, version: found.version })
    }
  }
  return all
}

async function findVersion(registry: Registry, address: string, number: string): Promise<ArtifactVersion> {
  const versions = await registry.versionsOf(address)
  const found = versions.find(({ version }) => String(version) === number)
  if (found) return found
  throw unknownVersion(address, number, versions)
}

function notDeployed(flow: string, environment: string): OperationError {
  return new OperationError({
    code: 'run/unknown-flow',
    summary: `There is no flow "${flow}" in ${environment}, which has no release yet`,
    detail: `Make one:                 flowrun apply -e ${environment}\nOr run the working copy:  flowrun run ${splitFlow(flow).address}\nNo run was made.`,
  })
}

function unknownVersion(address: string, number: string, versions: readonly ArtifactVersion[]): OperationError {
  return new OperationError({
    code: 'run/unknown-version',
    summary: `There is no version ${address}@${number}`,
    detail: versions[0]
      ? `The newest is ${address}@${versions[0].version}. All: flowrun versions ${address}`
      : `${address} was never published.`,
  })
}
