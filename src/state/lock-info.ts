import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Lock } from './lock.ts'

/**
 * A lock as Terraform's tools write it, `LockInfo`, with the members of flowrun beside theirs: what says whether the holder
 * is gone (LOCK-4). Other tools show ours, and leave out what they do not know.
 *
 * @param path what is locked, as its store names it.
 */
export function encodeLockInfo(
  { id, environment, user, host, pid, bootId, operation, flowrunVersion, sinceMs }: Lock,
  path: string,
): string {
  return JSON.stringify({
    ID: id,
    Operation: operation,
    Info: '',
    Who: `${user}@${host}`,
    Version: flowrunVersion,
    Created: new Date(sinceMs).toISOString(),
    Path: path,
    flowrun: { environment, pid, boot_id: bootId },
  })
}

/**
 * The lock that a text tells of; undefined when it is none. One of another program has pid 0 and no boot id, so that its
 * holder is never taken for dead.
 */
export function decodeLockInfo(text: string, environment: string): Lock | undefined {
  const info = parsed(text)
  if (info === undefined || typeof info.ID !== 'string' || info.ID === '') return undefined
  const who = textOf(info.Who)
  const at = who.lastIndexOf('@')
  const ours = isJsonObject(info.flowrun) ? info.flowrun : {}
  const sinceMs = Date.parse(textOf(info.Created))
  return {
    id: info.ID,
    environment,
    user: at < 0 ? who || 'unknown' : who.slice(0, at),
    host: at < 0 ? 'unknown' : who.slice(at + 1),
    pid: typeof ours.pid === 'number' && Number.isInteger(ours.pid) && ours.pid > 0 ? ours.pid : 0,
    bootId: textOf(ours.boot_id),
    operation: textOf(info.Operation) || 'unknown',
    flowrunVersion: textOf(info.Version),
    sinceMs: Number.isNaN(sinceMs) ? 0 : sinceMs,
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
