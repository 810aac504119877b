import { scryptSync } from 'node:crypto'
import { canonicalJson } from '../base/canonical-json.ts'
import { type Digest, digestOfText } from '../base/digest.ts'

type ProcessEnvironment = Readonly<Record<string, string | undefined>>

/** What a plan has read of the process environment, so that a saved one knows when it is stale (REL-11). */
export interface EnvironmentReads {
  /** Digests of values that anybody may see, and of those that are not set. */
  readonly environment: Readonly<Record<string, Digest>>
  readonly sensitiveEnvironment?: SensitiveReads
}

/** Values that nobody may see. There is no digest of one alone: a short one could be guessed from it (SEC-2). */
export interface SensitiveReads {
  readonly names: readonly string[]
  /** Of all values together, by scrypt with the plan's apply_id as salt: 45 ms for each guess. */
  readonly fingerprint: string
}

const COST = { N: 2 ** 14, r: 8, p: 1 }

/** @param names those that were read, each with whether its value is sensitive. */
export function environmentReads(names: ReadonlyMap<string, boolean>, environment: ProcessEnvironment, applyId: string): EnvironmentReads {
  const sensitive = [...names].flatMap(([name, isSensitive]) => (isSensitive && environment[name] ? [name] : [])).sort()
  const plain = [...names.keys()].filter(name => !sensitive.includes(name)).sort()
  return {
    environment: Object.fromEntries(plain.map(name => [name, digestOfText(environment[name] ?? '')])),
    ...(sensitive.length > 0 && { sensitiveEnvironment: { names: sensitive, fingerprint: fingerprint(sensitive, environment, applyId) } }),
  }
}

/** Variables that have another value now, each by itself; of sensitive ones it is only known that one of them has. */
export function movedReads(
  { environment: before, sensitiveEnvironment: hidden }: EnvironmentReads,
  environment: ProcessEnvironment,
  applyId: string,
): readonly (readonly string[])[] {
  const moved = Object.entries(before).flatMap(([name, digest]) => (digestOfText(environment[name] ?? '') === digest ? [] : [[name]]))
  const isHiddenMoved = hidden && fingerprint(hidden.names, environment, applyId) !== hidden.fingerprint
  return isHiddenMoved ? [...moved, hidden.names] : moved
}

function fingerprint(names: readonly string[], environment: ProcessEnvironment, applyId: string): string {
  const values = canonicalJson(names.map(name => [name, environment[name]?.toWellFormed() ?? null]))
  return scryptSync(values, applyId, 32, COST).toString('hex')
}
