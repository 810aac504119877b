import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { canonicalJson } from '../../base/canonical-json.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import { systemErrorSentence } from '../../base/system-error.ts'
import type { SettingText, StateSettings } from '../../config/blocks/environment-stores.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'

const FORMAT = 'flowrun.backend/1'
const TYPES = new Set<unknown>(['sqlite', 'http', 'postgres', 's3'])

/** Where this folder has last seen the state of each environment: `.flowrun/backend.json`. */
export interface BackendRecords {
  /**
   * Settings without secrets, by environment; empty when nothing was written yet.
   *
   * @throws OperationError `state/bad-backend-record`.
   */
  read(): ReadonlyMap<string, StateSettings>
  /** Writes nothing where this is known already. @throws OperationError `cli/cannot-write`. */
  write(environment: string, settings: StateSettings): void
  /** As a person would name it: `sqlite .flowrun/state.db`, `postgres secret("STATE_DATABASE_URL"), schema flowrun_state`. */
  placeOf(settings: StateSettings): string
}

/** @param name as a person would name the file: `.flowrun/backend.json`. */
export function createBackendRecords(file: string, name: string): BackendRecords {
  return {
    read: () => decodeRecords(readText(file), name),
    placeOf: settings => placeOf(settings, dirname(name)),
    write(environment, settings) {
      const known = knownRecords(file, name)
      const text = encodeRecords(new Map(known).set(environment, withoutSecrets(settings)))
      if (text === encodeRecords(known)) return
      try {
        mkdirSync(dirname(file), { recursive: true })
        // A kill in the middle leaves the old file.
        writeFileSync(`${file}.new`, text)
        renameSync(`${file}.new`, file)
      } catch (error) {
        throw new OperationError(
          { code: 'cli/cannot-write', summary: `${name} cannot be written`, detail: systemErrorSentence(error) },
          { cause: error },
        )
      }
    },
  }
}

function encodeRecords(records: ReadonlyMap<string, StateSettings>): string {
  // An interface has no index signature, so the compiler cannot see that this is JSON.
  return `${canonicalJson({ format: FORMAT, environments: Object.fromEntries(records) } as unknown as JsonValue)}\n`
}

/** A file that cannot be read is written anew. */
function knownRecords(file: string, name: string): ReadonlyMap<string, StateSettings> {
  try {
    return decodeRecords(readText(file), name)
  } catch {
    return new Map()
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Whatever keeps it from being read, writing it will tell.
    return undefined
  }
}

function decodeRecords(text: string | undefined, name: string): ReadonlyMap<string, StateSettings> {
  if (text === undefined) return new Map()
  const stored = jsonOf(text)
  const environments = isJsonObject(stored) && stored.format === FORMAT ? stored.environments : undefined
  if (!isJsonObject(environments) || !Object.values(environments).every(isSettings)) throw badRecord(name)
  // Only flowrun writes this file; a version of it that wrote other settings has another format.
  return new Map(Object.entries(environments)) as unknown as ReadonlyMap<string, StateSettings>
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSettings(value: unknown): boolean {
  return isJsonObject(value) && TYPES.has(value.type)
}

function badRecord(name: string): OperationError {
  return new OperationError({
    code: 'state/bad-backend-record',
    summary: `${name} cannot be read`,
    detail:
      'It says where the states of this folder are, and only flowrun writes it. ' +
      'To write it anew, from what the configuration says:\n  flowrun init -reconfigure\nNothing was changed.',
  })
}

/** Secrets are references already; what stands as plain text where a secret may stand is left out. */
function withoutSecrets(settings: StateSettings): StateSettings {
  switch (settings.type) {
    case 'sqlite':
    case 's3':
      return settings
    case 'http':
      return {
        ...settings,
        address: withoutPassword(settings.address),
        headers: Object.fromEntries(Object.entries(settings.headers).filter(([, value]) => typeof value !== 'string')),
      }
    case 'postgres':
      return { ...settings, url: typeof settings.url === 'string' ? withoutPassword(settings.url) : settings.url }
  }
}

function withoutPassword(written: string): string {
  if (!URL.canParse(written)) return written
  const url = new URL(written)
  if (url.password === '') return written
  url.password = ''
  return url.href
}

/** What tells one place from another: how it is reached, with which credentials and how often, does not matter. */
function placeOf(settings: StateSettings, dataDirectory: string): string {
  switch (settings.type) {
    case 'sqlite':
      return `sqlite ${settings.path ?? join(dataDirectory, 'state.db')}`
    case 'http':
      return `http ${withoutPassword(settings.address)}`
    case 'postgres':
      return `postgres ${settingText(settings.url)}, schema ${settings.schema}`
    case 's3':
      return `s3 ${settings.bucket}/${settings.key}${settings.endpoint === undefined ? '' : ` at ${settings.endpoint}`}`
  }
}

function settingText(setting: SettingText): string {
  if (typeof setting === 'string') return withoutPassword(setting)
  if ('$secret' in setting) return `secret("${setting.$secret}")`
  return setting.$join.map(part => (typeof part === 'string' ? part : `secret("${part.$secret}")`)).join('')
}
