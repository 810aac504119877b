import { readFile, stat } from 'node:fs/promises'
import type { SecretText } from '../artifact/deferred.ts'
import type { Clock } from '../base/clock.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { Redactor } from './redactor.ts'

/** Finds the values of secrets, in the process that makes the call and as late as possible. */
export interface SecretResolver {
  /** @throws MissingSecret; OperationError when the file of secrets must not be used. */
  resolve(name: string): Promise<Secret>
  /** The next `resolve` looks again: a refused key may have been rotated (SEC-1). */
  forget(name: string): void
}

export interface Secret {
  readonly value: string
  /** As a message says it: `the environment`, `.flowrun/secrets`. */
  readonly foundIn: string
}

export class MissingSecret extends Error {
  readonly secretName: string
  /** Each place, with what was found there: `.flowrun/secrets (no such file)`. */
  readonly lookedIn: readonly string[]
  /** The variable of the process environment that would give it; undefined where that is not looked at. */
  readonly variable: string | undefined

  constructor(secretName: string, lookedIn: readonly string[], variable: string | undefined) {
    super(`secret "${secretName}" is not set`)
    this.name = 'MissingSecret'
    this.secretName = secretName
    this.lookedIn = lookedIn
    this.variable = variable
  }
}

/** Where secrets may be: the process environment, or a file with a `NAME=value` on each line. */
export type SecretPlace =
  | { readonly type: 'environment'; readonly prefix: string }
  /** `label` is how messages name it. */
  | { readonly type: 'file'; readonly path: string; readonly label: string }

export interface SecretPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Asked in order; the first that has the name is taken. */
  readonly places: readonly SecretPlace[]
  readonly clock: Clock
  readonly redactor: Redactor
}

/** A rotated secret is seen after at most this time (SEC-1). */
export const SECRET_CACHE_MS = 60_000

type Found = { readonly value: string | undefined; readonly place: string; readonly state: string }

export function createSecretResolver({ environment, places, clock, redactor }: SecretPlaces): SecretResolver {
  const cached = new Map<string, { readonly content: SecretFile; readonly untilMs: number }>()
  const fileNow = async (file: Extract<SecretPlace, { type: 'file' }>): Promise<SecretFile> => {
    const known = cached.get(file.path)
    if (known !== undefined && clock.monotonic() < known.untilMs) return known.content
    const content = await readSecretFile(file)
    cached.set(file.path, { content, untilMs: clock.monotonic() + SECRET_CACHE_MS })
    return content
  }
  const lookIn = async (place: SecretPlace, name: string): Promise<Found> => {
    if (place.type === 'file') {
      const { values, state } = await fileNow(place)
      return { value: values.get(name), place: place.label, state }
    }
    const value = environment[place.prefix + name]
    const label = place.prefix === '' ? 'the environment' : `the environment, as ${place.prefix}${name}`
    return { value, place: label, state: value === '' ? 'empty' : '' }
  }
  const find = async (name: string): Promise<Secret> => {
    const lookedIn: string[] = []
    for (const place of places) {
      const { value, place: label, state } = await lookIn(place, name)
      if (value !== undefined && value !== '') return { value, foundIn: label }
      lookedIn.push(state === '' ? label : `${label} (${state})`)
    }
    const inEnvironment = places.find(place => place.type === 'environment')
    throw new MissingSecret(name, lookedIn, inEnvironment && inEnvironment.prefix + name)
  }
  return {
    async resolve(name) {
      const secret = await find(name)
      redactor.learn(name, secret.value)
      return secret
    },
    forget() {
      cached.clear()
    },
  }
}

/** A secret, or text with secrets in it, as the text that is sent. */
export async function resolveSecretText(text: string | SecretText, secrets: SecretResolver): Promise<string> {
  if (typeof text === 'string') return text
  if ('$secret' in text) return (await secrets.resolve(text.$secret)).value
  const values = await Promise.all(
    text.$join.map(async part => (typeof part === 'string' ? part : (await secrets.resolve(part.$secret)).value)),
  )
  return values.join('')
}

interface SecretFile {
  readonly values: ReadonlyMap<string, string>
  /** For a message that says why a name was not found here. */
  readonly state: string
}

async function readSecretFile({ path, label }: Extract<SecretPlace, { type: 'file' }>): Promise<SecretFile> {
  let text: string
  try {
    const { mode } = await stat(path)
    // Windows has no such bits.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw readableByOthers(path, label, mode)
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof OperationError) throw error
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return { values: new Map(), state: missing ? 'no such file' : 'cannot be read' }
  }
  return { values: parseSecrets(text), state: 'not in it' }
}

/** `NAME=value` on each line, as it stands: no quotes, no escapes; `#` starts a comment line. */
export function parseSecrets(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const equals = line.indexOf('=')
    if (equals < 1 || line.startsWith('#')) continue
    values.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
  }
  return values
}

function readableByOthers(path: string, label: string, mode: number): OperationError {
  return new OperationError({
    code: 'config/secret-file-readable',
    summary: `${label} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
    detail: `A file of secrets is for its owner alone. No secret was read from it, and no call was made.\nTake the rights of others away:  chmod 600 ${path}`,
  })
}
