import type { Digest } from '../../base/digest.ts'
import type { HeldContent, Hold, HoldAuthor } from '../hold.ts'
import { appendAudit } from './audit-log.ts'
import type { Scope } from './pointers.ts'

const COLUMNS = 'environment, address, digest, rollback, reason, actor, created_at, lifted_at, lifted_by, lifted_why'
const IN_FORCE = `SELECT ${COLUMNS} FROM hold WHERE project = ? AND environment = ? AND lifted_at IS NULL ORDER BY created_at DESC, address`
const ALL = `SELECT ${COLUMNS} FROM hold WHERE project = ? AND environment = ? ORDER BY created_at DESC, address`
const PLACE = `
INSERT INTO hold(project, environment, address, digest, rollback, reason, actor, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`
const LIFT = `
UPDATE hold SET lifted_at = ?, lifted_by = ?, lifted_why = ?
WHERE project = ? AND environment = ? AND address = ? AND digest = ? AND lifted_at IS NULL`

interface HoldRow {
  readonly environment: string
  readonly address: string
  readonly digest: Digest
  readonly rollback: number
  readonly reason: string
  readonly actor: string
  readonly created_at: number
  readonly lifted_at: number | null
  readonly lifted_by: string | null
  readonly lifted_why: string | null
}

export function holdsOf({ store, project, environment }: Scope, lifted: boolean): readonly Hold[] {
  return store
    .prepared<HoldRow>(lifted ? ALL : IN_FORCE)
    .all(project, environment)
    .map(holdFrom)
}

/** Content that is held already stays under its first hold. */
export function placeHold({ store, project, environment }: Scope, held: HeldContent, rollback: number, author: HoldAuthor): void {
  store.prepared(PLACE).run(project, environment, held.address, held.digest, rollback, author.reason, author.actor, store.clock.now())
}

/** @returns false when no such hold is in force. */
export function liftHold({ store, project, environment }: Scope, held: HeldContent, author: HoldAuthor): boolean {
  const lift = store.prepared(LIFT)
  return lift.run(store.clock.now(), author.actor, author.reason, project, environment, held.address, held.digest).changes > 0
}

/** Lifts those that are in force, with an audit row each (AUD-2). */
export function liftHolds(scope: Scope, held: readonly HeldContent[], author: HoldAuthor): readonly HeldContent[] {
  const lifted = held.filter(item => liftHold(scope, item, author))
  appendAudit(
    scope.store,
    scope.project,
    lifted.map(({ address, digest }) => ({
      ...author,
      action: 'hold.lift',
      subject: `${scope.environment} ${address}`,
      detail: { digest },
    })),
  )
  return lifted
}

function holdFrom(row: HoldRow): Hold {
  return {
    environment: row.environment,
    address: row.address,
    digest: row.digest,
    rollback: row.rollback,
    reason: row.reason,
    actor: row.actor,
    createdAtMs: row.created_at,
    ...(row.lifted_at !== null && { lifted: { atMs: row.lifted_at, actor: row.lifted_by ?? '', reason: row.lifted_why ?? '' } }),
  }
}
