import { isJsonObject, type JsonValue } from '../base/json.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { decodeState } from './encoding.ts'
import type { StateSnapshot } from './state.ts'

const DIGEST = /^sha256:[0-9a-f]{64}$/
const STATUSES = new Set<unknown>(['pass', 'fail', 'error', 'unknown'])

/**
 * Reads a state that a person hands in: unlike a stored one it has no digest that says that flowrun wrote it, so every
 * field is looked at.
 *
 * @param name of the file, as it was typed.
 * @throws OperationError `state/not-a-state`, `state/newer-format`.
 */
export function parseState(text: string, name: string, environment: string): StateSnapshot {
  const value = jsonOf(text)
  const problem = isJsonObject(value) ? problemOf(value) : 'It is not a JSON object.'
  if (problem !== undefined) throw notAState(name, problem)
  return decodeState(text, environment)
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function problemOf(value: Readonly<Record<string, unknown>>): string | undefined {
  const { format, lineage, serial, registry_id, release, owned, outputs, checks } = value
  if (typeof format !== 'string' || !/^flowrun\.state\/\d+$/.test(format)) return 'Its "format" is not "flowrun.state/1".'
  // The fields of a newer format are not known here.
  if (format !== 'flowrun.state/1') return undefined
  if (typeof lineage !== 'string' || lineage === '') return 'Its "lineage" is not a name.'
  if (!isCount(serial) || serial === 0) return 'Its "serial" is not a number from 1.'
  if (typeof registry_id !== 'string') return 'Its "registry_id" is not a string.'
  if (!isCount(release)) return 'Its "release" is not a number from 0.'
  if (!isRecordOf(owned, isOwned)) return 'Its "owned" is not an object of versions with their digests.'
  if (!isRecordOf(outputs, isOutput)) return 'Its "outputs" is not an object of outputs.'
  return Array.isArray(checks) && checks.every(isCheck) ? undefined : 'Its "checks" is not a list of results.'
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isRecordOf(value: unknown, fits: (member: Readonly<Record<string, unknown>>) => boolean): boolean {
  return isJsonObject(value) && Object.values(value).every(member => isJsonObject(member) && fits(member))
}

function isOwned({ version, digest }: Readonly<Record<string, unknown>>): boolean {
  return isCount(version) && version > 0 && typeof digest === 'string' && DIGEST.test(digest)
}

function isOutput({ sensitive, type, value }: Readonly<Record<string, unknown>>): boolean {
  return typeof type === 'string' && (sensitive === true ? value === undefined : sensitive === false && value !== undefined)
}

function isCheck(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  const { address, status, messages } = value
  return typeof address === 'string' && STATUSES.has(status) && Array.isArray(messages) && messages.every(text => typeof text === 'string')
}

function notAState(name: string, problem: string): OperationError {
  return new OperationError({
    code: 'state/not-a-state',
    summary: `${name} is not a state`,
    detail: `${problem} A state is what flowrun state pull prints. Nothing was changed.`,
  })
}
