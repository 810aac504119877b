import { digestOf } from '../base/digest.ts'
import type { JsonObject } from '../base/json.ts'

/** `prev` of the first row of a project (AUD-1). */
export const AUDIT_ORIGIN = '0'.repeat(64)

/** One link of a project's chain. Rows hold no contents and no inputs (AUD-4). */
export interface AuditRow {
  /** Counts from 1. */
  readonly seq: number
  readonly atMs: number
  readonly actor: string
  /** A permission-like verb: `release.apply`, `hold.lift`. */
  readonly action: string
  /** `prod@16`, `prod prompt.answer sha256:…`. */
  readonly subject: string
  readonly reason: string
  readonly detail: JsonObject
  /** The hash of the row before, 64 hex digits. */
  readonly prev: string
  /** SHA-256 over the canonical JSON of the row without its hash, 64 hex digits. */
  readonly hash: string
}

/** What a row says, before it is chained. */
export interface AuditEntry {
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly reason: string
  readonly detail: JsonObject
}

export interface AuditQuery {
  /** Newest first, at most so many; all when it is left out. */
  readonly limit?: number
  readonly sinceMs?: number
  /** Rows about this block: releases that moved its pointer, and its holds. */
  readonly address?: string
  readonly actor?: string
  readonly action?: string
}

/** Where a chain was, kept where nobody can change both (AUD-3). */
export interface AuditCheckpoint {
  /** 0: before the first row. */
  readonly seq: number
  /** 64 hex digits. */
  readonly hash: string
}

/**
 * What verifying a chain found: it is whole, or the first row at which it breaks (AUD-3). `head`: the last row is not the
 * one that the chain ends with; `cut`: it ends before the checkpoint; `rewritten`: it has another row there.
 */
export type AuditVerdict =
  | { readonly intact: true; readonly rows: number; readonly head: string }
  | { readonly intact: false; readonly seq: number; readonly problem: AuditProblem }

export type AuditProblem = 'altered' | 'missing' | 'unlinked' | 'head' | 'cut' | 'rewritten'

/** The hash that chains a row (AUD-1). Times are RFC 3339, and keys as the JSON of `flowrun audit` names them. */
export function auditHash(row: Omit<AuditRow, 'hash'>): string {
  const { seq, atMs, actor, action, subject, reason, detail, prev } = row
  const at = new Date(atMs).toISOString()
  return digestOf({ seq, at, actor, action, subject, reason, detail, prev }).slice('sha256:'.length)
}
