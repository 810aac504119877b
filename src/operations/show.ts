import type { Artifact } from '../artifact/envelope.ts'
import type { Digest } from '../base/digest.ts'
import { invariant } from '../base/invariant.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { Pointer } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { ArtifactVersion } from '../registry/version.ts'
import { type Deployed, readDeployed } from './deployed.ts'
import type { OperationHost, ProjectOptions } from './project.ts'
import { neverPublished } from './versions.ts'

/** All deployed blocks of an environment. */
export interface Deployment {
  readonly environment: string
  /** 0 before the first release. */
  readonly release: number
  readonly blocks: readonly Pick<Pointer, 'address' | 'version' | 'digest' | 'changedIn'>[]
}

/** One version of an address, with what it says. */
export interface ShownArtifact {
  readonly address: string
  readonly version: number
  readonly digest: Digest
  readonly artifact: Artifact
  readonly createdAtMs: number
  readonly createdBy: string
  readonly message: string
  readonly activeIn: readonly string[]
}

export function showDeployed(host: OperationHost, options: ProjectOptions): Promise<Deployed<Deployment>> {
  return readDeployed(host, options, async ({ registry }, project) => {
    const environment = project.environment.name
    const { release, pointers } = await registry.pointers(environment)
    return { environment, release, blocks: [...pointers.values()] }
  })
}

/** @param reference `prompt.answer`, the active version, or `prompt.answer@8`. */
export function showVersion(host: OperationHost, options: ProjectOptions, reference: string): Promise<Deployed<ShownArtifact>> {
  return readDeployed(host, options, ({ registry }, project) => findVersion(registry, project.environment.name, reference))
}

/** @throws OperationError `registry/never-published`, `registry/not-active`, `registry/unknown-version`. */
export async function findVersion(registry: Registry, environment: string, reference: string): Promise<ShownArtifact> {
  const version = await versionNamed(registry, environment, reference)
  const { address } = version
  const artifact = (await registry.artifacts([{ address, digest: version.digest }])).get(version.digest)
  invariant(artifact, 'registry/artifact-not-given', 'the registry answers with every content that it was asked for, or throws')
  const active = await registry.pointersTo(address)
  const activeIn = [...active].flatMap(([name, pointer]) => (pointer.version === version.version ? [name] : []))
  return { ...version, artifact, activeIn: activeIn.sort() }
}

/** The same, without reading what it says. */
export async function versionNamed(registry: Registry, environment: string, reference: string): Promise<ArtifactVersion> {
  const [address = '', number] = reference.split('@')
  const versions = await registry.versionsOf(address)
  if (versions.length === 0) throw neverPublished(address, [...(await registry.highestVersions()).keys()])
  const wanted = number === undefined ? (await registry.pointers(environment)).pointers.get(address)?.version : Number(number)
  if (wanted === undefined) {
    throw new OperationError({
      code: 'registry/not-active',
      summary: `${address} is not active in ${environment}`,
      detail: `It has versions up to ${address}@${versions[0]?.version}: name one, or see flowrun versions ${address}.`,
    })
  }
  const version = versions.find(candidate => candidate.version === wanted)
  if (version === undefined) {
    throw new OperationError({
      code: 'registry/unknown-version',
      summary: `There is no version ${address}@${number}`,
      detail: `The newest is ${address}@${versions[0]?.version}. All: flowrun versions ${address}`,
    })
  }
  return version
}
