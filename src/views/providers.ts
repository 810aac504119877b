import type { JsonObject } from '../base/json.ts'
import type { FailureDetails } from '../gateway/failure.ts'
import type { ProbedSecret, ProbeResult } from '../gateway/probe.ts'
import { isFailedCheck, type ListedProvider, type ProviderList } from '../operations/providers.ts'
import { formatDuration } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { padEnd, showControls } from './text-width.ts'

/** Each provider with its facts below it; what a check found comes last. */
export function providersText({ environment, providers }: ProviderList, style: Style): string {
  if (providers.length === 0) return `Providers of ${environment}: none. Declare one: provider "openai" { … }.\n`
  const blocks = providers.map(provider => providerLines(provider, style).join('\n'))
  return `${[`Providers of ${environment}`, ...blocks, ...checkLines(providers)].join('\n\n')}\n`
}

/** `2 of 3 providers answer.`; nothing where no check was made. */
function checkLines(providers: readonly ListedProvider[]): readonly string[] {
  if (providers.every(({ check }) => check === undefined)) return []
  const good = providers.filter(({ check }) => !isFailedCheck(check)).length
  if (good < providers.length) return [`${good} of ${providers.length} ${providers.length === 1 ? 'provider' : 'providers'} can be called.`]
  return [providers.length === 1 ? 'The provider can be called.' : `All ${providers.length} providers can be called.`]
}

function providerLines({ address, type, endpoint, secrets, usedBy, check }: ListedProvider, style: Style): readonly string[] {
  const rows = [
    ...(endpoint === undefined ? [] : [['endpoint', showControls(endpoint)]]),
    ...secrets.map((secret, index) => [index === 0 ? 'key' : '', secretText(secret)]),
    ['used by', usedBy.length === 0 ? 'no model' : usedBy.join(', ')],
    ...(check === undefined ? [] : [['check', checkText(check, style)]]),
  ]
  return [`${style.paint.address(address)}  ${type}`, ...rows.map(([label = '', text = '']) => `  ${padEnd(label, LABEL_WIDTH)}  ${text}`)]
}

const LABEL_WIDTH = 'endpoint'.length

function secretText({ name, foundIn, lookedIn, isUsual }: ProbedSecret): string {
  const reference = `secret("${name}")${isUsual ? ', the usual one' : ''}`
  return foundIn === undefined ? `${reference}, not set: looked in ${lookedIn.join(', ')}` : `${reference}, found in ${foundIn}`
}

function checkText(check: ProbeResult, { glyphs, paint }: Style): string {
  switch (check.outcome) {
    case 'answers':
      return `${paint.add(glyphs.ok)} answers, ${formatDuration(check.latencyMs)}`
    case 'simulated':
      return `${paint.add(glyphs.ok)} simulated: there is nothing to call`
    case 'missing-secret':
      return `${paint.remove(glyphs.fail)} not called: secret("${check.name}") is not set`
    case 'failed':
      return `${paint.remove(glyphs.fail)} ${showControls(failureText(check.failure))}`
  }
}

function failureText(failure: FailureDetails): string {
  if (failure.providerCode === 'ADDRESS_REFUSED') return `not called: it leads to ${failure.message}; allow_private = true allows that`
  const { status, providerCode, message, url } = failure
  const facts = [status === undefined ? undefined : String(status), providerCode].filter(fact => fact !== undefined).join(' ')
  const said = facts === '' ? message : message.includes(facts) ? message : `${facts}: ${message}`
  return `${sentenceOf(failure)} (${said})${failure.class === 'unauthorized' || url === undefined ? '' : `, at ${url}`}`
}

function sentenceOf({ class: failureClass, key }: FailureDetails): string {
  switch (failureClass) {
    case 'unauthorized':
      return key === undefined ? 'refuses calls without a key' : `refused the key in ${key.name}`
    case 'forbidden':
      return 'does not allow calls with this key'
    case 'not_found':
      return 'has no list of models'
    case 'rate_limited':
      return 'takes no more calls of this key for now'
    case 'overloaded':
    case 'server_error':
      return 'has a fault of its own'
    case 'timeout':
      return 'did not answer in time'
    case 'network':
      return 'cannot be reached'
    default:
      return 'answered with something that is no list of models'
  }
}

/** One JSON document; schemas/output/providers.schema.json. */
export function providersJson({ environment, providers }: ProviderList): string {
  return jsonDocument({
    environment,
    providers: providers.map(({ address, type, endpoint, secrets, usedBy, check }) => ({
      address,
      type,
      endpoint: endpoint ?? null,
      secrets: secrets.map(({ name, isUsual, foundIn, lookedIn }) => ({
        name,
        usual: isUsual,
        found_in: foundIn ?? null,
        ...(foundIn === undefined ? { looked_in: lookedIn } : {}),
      })),
      used_by: usedBy,
      ...(check === undefined ? {} : { check: checkJson(check) }),
    })),
  })
}

function checkJson(check: ProbeResult): JsonObject {
  switch (check.outcome) {
    case 'answers':
      return { outcome: 'answers', latency_ms: Math.round(check.latencyMs) }
    case 'simulated':
      return { outcome: 'simulated' }
    case 'missing-secret':
      return { outcome: 'missing_secret', secret: check.name }
    case 'failed': {
      const { class: failureClass, message, status, providerCode, url } = check.failure
      return {
        outcome: 'failed',
        class: failureClass,
        message,
        status: status ?? null,
        provider_code: providerCode ?? null,
        url: url ?? null,
      }
    }
  }
}
