import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import type { Lock, LockHolder } from './lock.ts'

/** Longer parts of a lock of another program are cut. */
const MAX_SHOWN_LENGTH = 200

/** What a lock of another program does not say. */
export const UNKNOWN = 'unknown'

/**
 * Terraform's LockInfo. What it has no field for stands in `Info`, as JSON: by it a dead holder of this host is known.
 *
 * @param path what is locked, as its store names it.
 */
export function encodeLockInfo(id: string, holder: LockHolder, path: string, sinceMs: number): string {
  const { user, host, pid, bootId, operation, flowrunVersion } = holder
  return JSON.stringify({
    ID: id,
    Operation: `flowrun ${operation}`,
    Info: JSON.stringify({ tool: 'flowrun', operation, pid, boot_id: bootId }),
    Who: `${user}@${host}`,
    Version: flowrunVersion,
    Created: new Date(sinceMs).toISOString(),
    Path: path,
  })
}

/** The holder as its store names it; what does not say is "unknown". Terraform gives neither process nor boot. */
export function decodeLockInfo(text: string, environment: string, nowMs: number): Lock {
  const info = parseObject(text)
  const own = parseObject(info.Info)
  const isOurs = own.tool === 'flowrun'
  const who = shown(info.Who, UNKNOWN)
  const at = who.lastIndexOf('@')
  const createdMs = typeof info.Created === 'string' ? Date.parse(info.Created) : Number.NaN
  const version = shown(info.Version, '')
  return {
    id: shown(info.ID, UNKNOWN),
    environment,
    user: at > 0 ? who.slice(0, at) : who,
    host: at > 0 ? who.slice(at + 1) : UNKNOWN,
    pid: isOurs && typeof own.pid === 'number' && Number.isSafeInteger(own.pid) && own.pid > 0 ? own.pid : 0,
    bootId: isOurs && typeof own.boot_id === 'string' ? own.boot_id : '',
    operation: isOurs ? shown(own.operation, UNKNOWN) : foreignOperation(shown(info.Operation, ''), version),
    flowrunVersion: version,
    sinceMs: Number.isNaN(createdMs) ? nowMs : createdMs,
  }
}

/** `OperationTypeApply` is what both call it. */
function foreignOperation(operation: string, version: string): string {
  const name = /^OperationType([A-Za-z]+)$/.exec(operation)?.[1]
  if (name !== undefined) return `${name.toLowerCase()} of Terraform or OpenTofu ${version}`.trimEnd()
  return operation === '' ? UNKNOWN : operation
}

/** On one line: it goes into a table for people. */
function shown(value: JsonValue | undefined, otherwise: string): string {
  if (typeof value !== 'string' || value === '') return otherwise
  return value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, MAX_SHOWN_LENGTH)
}

function parseObject(text: JsonValue | undefined): JsonObject {
  if (typeof text !== 'string') return {}
  try {
    const parsed: JsonValue = JSON.parse(text)
    return isJsonObject(parsed) ? parsed : {}
  } catch {
    return {}
  }
}
