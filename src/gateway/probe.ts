import type { ProviderSpec } from '../artifact/provider.ts'
import { collectReferences } from '../artifact/references.ts'
import type { Clock } from '../base/clock.ts'
import type { ProviderTarget } from './call.ts'
import { CallFailure, durationText, type FailureDetails } from './failure.ts'
import { createHttp, type Http } from './http.ts'
import { answerFailure } from './providers/answer-failure.ts'
import { failureOf } from './providers/attempt-failure.ts'
import { credentialsOf, keyTextOf } from './providers/credentials.ts'
import type { VendorApi } from './providers/definition.ts'
import { requiredEndpoint } from './providers/endpoint.ts'
import { providerDefinitions } from './providers/index.ts'
import { createRedactor, type Redactor } from './redactor.ts'
import { createSecretResolver, MissingSecret, type SecretPlace, type SecretResolver } from './secrets.ts'
import type { Timers } from './timers.ts'

/** Looks at providers without asking a model anything. */
export interface ProviderProbe {
  /** Where its requests go; undefined where nothing is called. */
  endpointOf(spec: ProviderSpec): string | undefined
  /** The secrets that a call takes, and where each was found. @throws OperationError when a file of secrets must not be used. */
  secretsOf(spec: ProviderSpec): Promise<readonly ProbedSecret[]>
  /** One free call: the list of models, which needs the same address and key as a paid one. */
  check(target: ProviderTarget): Promise<ProbeResult>
  /** Ends idle connections, so that the process can exit. */
  close(): Promise<void>
}

export interface ProbedSecret {
  readonly name: string
  /** The vendor's usual one: the block does not name it. */
  readonly isUsual: boolean
  /** Undefined: it is not set. */
  readonly foundIn: string | undefined
  /** Where it was not, before it was found or given up. */
  readonly lookedIn: readonly string[]
}

export type ProbeResult =
  | { readonly outcome: 'answers'; readonly latencyMs: number }
  | { readonly outcome: 'simulated' }
  /** No call was made. */
  | { readonly outcome: 'missing-secret'; readonly name: string }
  | { readonly outcome: 'failed'; readonly failure: FailureDetails }

export interface ProbeSettings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly secretPlaces: readonly SecretPlace[]
  readonly clock: Clock
  readonly timers: Timers
  /** For a test; else of the probe's own. */
  readonly http?: Http
}

/** A list of models comes at once, or something is wrong. */
export const CHECK_TIMEOUT_MS = 10_000

interface Probing {
  readonly http: Http
  readonly redactor: Redactor
  readonly secrets: SecretResolver
  readonly clock: Clock
  readonly timers: Timers
}

export function createProviderProbe({ environment, secretPlaces, clock, timers, http = createHttp() }: ProbeSettings): ProviderProbe {
  const redactor = createRedactor()
  const secrets = createSecretResolver({ environment, places: secretPlaces, clock, redactor })
  const probing: Probing = { http, redactor, secrets, clock, timers }
  return {
    endpointOf(spec) {
      const { api } = providerDefinitions[spec.type]
      // Somebody may have written a name and a password into it.
      return api?.endpoint(spec)?.replace(/\/\/[^/@]*@/, '//')
    },
    async secretsOf(spec) {
      const probed = await Promise.all(secretNames(spec).map(({ name, isUsual }) => probedSecret(name, isUsual, secrets)))
      // Nothing is missing where there is another way.
      const { api } = providerDefinitions[spec.type]
      return probed.filter(({ isUsual, foundIn }) => foundIn !== undefined || !isUsual || !api?.keyIsOptional)
    },
    async check(target) {
      const { api } = providerDefinitions[target.spec.type]
      if (api === undefined) return { outcome: 'simulated' }
      try {
        return await listModels(api, target, probing)
      } catch (error) {
        if (error instanceof MissingSecret) return { outcome: 'missing-secret', name: error.secretName }
        if (error instanceof CallFailure) return { outcome: 'failed', failure: error.details }
        throw error
      }
    },
    close: http.close,
  }
}

function secretNames(spec: ProviderSpec): readonly Pick<ProbedSecret, 'name' | 'isUsual'>[] {
  const { api } = providerDefinitions[spec.type]
  const named = collectReferences(spec).secrets
  const key = api && keyTextOf(api, spec)
  const usual = key === undefined ? [] : collectReferences(key).secrets.filter(name => !named.includes(name))
  return [...named.map(name => ({ name, isUsual: false })), ...usual.map(name => ({ name, isUsual: true }))]
}

async function probedSecret(name: string, isUsual: boolean, secrets: SecretResolver): Promise<ProbedSecret> {
  try {
    const { foundIn } = await secrets.resolve(name)
    return { name, isUsual, foundIn, lookedIn: [] }
  } catch (error) {
    if (error instanceof MissingSecret) return { name, isUsual, foundIn: undefined, lookedIn: error.lookedIn }
    throw error
  }
}

async function listModels(api: VendorApi, target: ProviderTarget, probing: Probing): Promise<ProbeResult> {
  const { http, redactor, secrets, clock, timers } = probing
  const { connect_timeout_ms: connectTimeoutMs, allow_private: allowPrivate } = target.spec
  const url = api.listUrl?.(target.spec) ?? `${requiredEndpoint(api, target)}/models`
  const { headers: given, key } = await credentialsOf(api, target, secrets)
  const sent = Object.entries({ ...api.listHeaders, ...given }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const request = { url, method: 'GET', headers: Object.fromEntries(sent) }
  const signed = given[api.keyHeader.name] === undefined ? await api.signer?.(target.spec, redactor)(request) : {}
  const controller = new AbortController()
  const stopTimer = timers.after(CHECK_TIMEOUT_MS, () => controller.abort())
  const startedAt = clock.monotonic()
  try {
    const response = await http.send({
      ...request,
      headers: { ...request.headers, ...signed },
      signal: controller.signal,
      policy: { connectTimeoutMs, allowPrivate },
    })
    await requireList(response, url, clock.now(), redactor)
    return { outcome: 'answers', latencyMs: clock.monotonic() - startedAt }
  } catch (error) {
    if (controller.signal.aborted) throw tookTooLong(url)
    const failure = await failureOf(error, controller, { redactor, clock })
    throw failure instanceof CallFailure ? new CallFailure({ url, ...failure.details, ...(key && { key }) }) : failure
  } finally {
    stopTimer()
  }
}

/** A page for people, as a wrong address gives it, is no list. */
async function requireList(response: Response, url: string, nowMs: number, { redact }: Redactor): Promise<void> {
  const responseBody = await response.text()
  if (response.ok && isJson(responseBody)) return
  const responseHeaders = Object.fromEntries(response.headers)
  throw answerFailure({ message: '', url, statusCode: response.status, responseHeaders, responseBody }, nowMs, redact)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function tookTooLong(url: string): CallFailure {
  return new CallFailure({ class: 'timeout', message: `no answer within ${durationText(CHECK_TIMEOUT_MS)}`, url })
}
