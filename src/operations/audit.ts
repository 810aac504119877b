import type { AuditCheckpoint, AuditQuery, AuditRow, AuditVerdict } from '../registry/audit.ts'
import { type Deployed, readDeployed } from './deployed.ts'
import type { OperationHost, ProjectOptions } from './project.ts'

/** Rows of the project's log, newest first. */
export function readAudit(host: OperationHost, options: ProjectOptions, query: AuditQuery): Promise<Deployed<readonly AuditRow[]>> {
  return readDeployed(host, options, ({ registry }) => registry.audit(query))
}

/** Whether the log is whole, and the one that a checkpoint was taken of (AUD-3). */
export function verifyAudit(host: OperationHost, options: ProjectOptions, checkpoint?: AuditCheckpoint): Promise<Deployed<AuditVerdict>> {
  return readDeployed(host, options, ({ registry }) => registry.verifyAudit(checkpoint))
}
