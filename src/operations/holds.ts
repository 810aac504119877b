import { OperationError } from '../diagnostics/operation-error.ts'
import type { HeldVersion } from '../plan/pointer-plan.ts'
import type { Hold, HoldAuthor } from '../registry/hold.ts'
import type { Registry } from '../registry/registry.ts'
import { type Deployed, readDeployed, withStores } from './deployed.ts'
import type { OperationHost, ProjectOptions } from './project.ts'

/** What is held in an environment, newest first. */
export interface HoldList {
  readonly environment: string
  readonly holds: readonly ListedHold[]
}

/** A hold, with the number of the version that has its content. */
export interface ListedHold extends Hold {
  /** null: no version of the address has it, since the address was renamed. */
  readonly version: number | null
}

/** @param options `lifted`: past ones too. */
export function listHolds(host: OperationHost, options: ProjectOptions & { readonly lifted: boolean }): Promise<Deployed<HoldList>> {
  return readDeployed(host, options, async ({ registry }, project) => {
    const environment = project.environment.name
    return { environment, holds: await numbered(registry, await registry.holds(environment, options.lifted)) }
  })
}

export interface LiftOptions extends ProjectOptions {
  /** `prompt.answer`, all that is held of it, or `prompt.answer@8`. */
  readonly addresses: readonly string[]
  /** Only holds of this release. */
  readonly rollback?: number
  readonly author: HoldAuthor
}

export interface LiftedHolds {
  readonly environment: string
  readonly lifted: readonly ListedHold[]
}

/**
 * Lifts holds without publishing anything (HOLD-4).
 *
 * @throws OperationError `hold/none` when one of the names fits no hold: then none is lifted.
 */
export function liftHolds(host: OperationHost, options: LiftOptions): Promise<Deployed<LiftedHolds>> {
  return withStores(host, options, 'write', async ({ registry }, project) => {
    const environment = project.environment.name
    const { addresses, rollback, author } = options
    const inForce = await numbered(registry, await registry.holds(environment))
    const candidates = inForce.filter(hold => rollback === undefined || hold.rollback === rollback)
    const fits = (name: string) => (hold: ListedHold) => name === hold.address || name === `${hold.address}@${hold.version}`
    for (const name of addresses) if (!candidates.some(fits(name))) throw notHeld(name, environment, rollback)
    const chosen = addresses.length === 0 ? candidates : candidates.filter(hold => addresses.some(name => fits(name)(hold)))
    if (chosen.length === 0) throw nothingHeld(environment, rollback)
    const lifted = await registry.liftHolds(environment, chosen, author)
    const names = new Set(lifted.map(({ address, digest }) => `${address} ${digest}`))
    return { environment, lifted: chosen.filter(({ address, digest }) => names.has(`${address} ${digest}`)) }
  })
}

async function numbered(registry: Registry, holds: readonly Hold[]): Promise<readonly ListedHold[]> {
  const versions = holds.length > 0 ? await registry.findVersions(holds.map(({ address, digest }) => ({ address, digest }))) : []
  return holds.map((hold, index) => ({ ...hold, version: versions[index]?.version ?? null }))
}

/** `prompt.answer@8`; where no version has the content, the address alone. */
export function heldName({ address, version }: Pick<ListedHold, 'address' | 'version'> | HeldVersion): string {
  return version === null ? address : `${address}@${version}`
}

function notHeld(name: string, environment: string, rollback: number | undefined): OperationError {
  const since = rollback === undefined ? '' : ` since release ${rollback}`
  return new OperationError({
    code: 'hold/none',
    summary: `${name} is not held in ${environment}${since}`,
    detail: `What is: flowrun holds -e ${environment}\nNothing was changed.`,
  })
}

function nothingHeld(environment: string, rollback: number | undefined): OperationError {
  return new OperationError({
    code: 'hold/none',
    summary: `${environment} has no hold of release ${rollback}`,
    detail: `What is held: flowrun holds -e ${environment}\nNothing was changed.`,
  })
}
