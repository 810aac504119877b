import { type Digest, digestOf } from '../base/digest.ts'
import { heldObstacles, type Plan } from './plan.ts'

/**
 * Digest of what a plan does (REL-6): changed addresses with action, versions and digests, what is moved or imported, the
 * holds that they meet, and what the state adopts. A dependency that moved is a change of its own. Base numbers, times and actors are not in it, so a plan made again against a moved base has the
 * same digest when it would do the same.
 */
export function changeDigestOf(plan: Pick<Plan, 'mode' | 'changes' | 'outputs' | 'adoptions' | 'obstacles'>): Digest {
  const changes = plan.changes.map(({ address, action, before, after, previousAddress, imported }) => ({
    address,
    action,
    before: before ? { version: before.version, digest: before.digest } : null,
    after: after ? { version: after.version, digest: after.digest } : null,
    ...(previousAddress === undefined ? {} : { previous_address: previousAddress }),
    ...(imported === undefined ? {} : { imported: { ...imported } }),
  }))
  const held = heldObstacles(plan).map(({ address, digest }) => ({ address, digest }))
  const byAddress = (a: { address: string }, b: { address: string }) => (a.address < b.address ? -1 : 1)
  return digestOf({
    mode: plan.mode,
    changes: changes.sort(byAddress),
    ...(held.length > 0 && { held: held.sort(byAddress) }),
    converged: plan.adoptions.converged.map(item => ({ ...item })).sort(byAddress),
    forgotten: [...plan.adoptions.forgotten].sort(),
    outputs: plan.outputs
      .filter(({ action }) => action !== 'no-op')
      .map(({ name, action, after }) => ({ name, action, after: after ?? null })),
  })
}
