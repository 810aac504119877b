import type { JsonObject, JsonValue } from '../base/json.ts'
import { parseAddress } from '../config/address.ts'
import type {
  Change,
  ChangeReason,
  CostForecast,
  DriftChange,
  Forecast,
  ImportedVersion,
  OutputChange,
  PlannedVersion,
  TokenCount,
} from '../plan/plan.ts'

/** Parts of a plan under Terraform's names, for the document and the event stream. */

/** Terraform's words for a reason, where it has one. */
const REASONS: Readonly<Record<ChangeReason, string | undefined>> = {
  new: undefined,
  content: undefined,
  'published-earlier': 'published_earlier',
  reactivated: 'reactivated',
  'references-moved': 'references_moved',
  'not-in-configuration': 'delete_because_no_resource_config',
  'not-in-for-each': 'delete_because_each_key',
  'not-in-count': 'delete_because_count_index',
  destroy: 'destroy',
  removed: 'delete_because_removed_block',
  moved: 'moved',
  imported: 'imported',
}

export function actionReason(reason: ChangeReason): string | undefined {
  return REASONS[reason]
}

interface AddressParts {
  readonly module_address?: string
  readonly type: string
  readonly name: string
  readonly index?: string | number
}

/** `module.kb["de"].prompt.greet["x"]` in its parts, under Terraform's names. */
export function addressParts(address: string): AddressParts {
  const { modules = [], kind = '', name = address, key = '' } = parseAddress(address) ?? {}
  const module = modules.map(step => `module.${step.name}${step.key}`).join('.')
  return {
    ...(module === '' ? {} : { module_address: module }),
    type: kind,
    name,
    ...(key === '' ? {} : { index: indexOf(key.slice(1, -1)) }),
  }
}

/** A key as it is written: `0`, or `"de"` with the escapes of the language. */
function indexOf(key: string): string | number {
  return key.startsWith('"') ? String(JSON.parse(key.replaceAll('$${', '${').replaceAll('%%{', '%{'))) : Number(key)
}

/** A move or an import alone changes nothing of the block: Terraform calls it so. */
const ACTIONS = { create: 'create', update: 'update', delete: 'delete', forget: 'forget', move: 'no-op', import: 'no-op' } as const

/** What is taken over, in Terraform's place for it. */
export function importingJson({ address, version, takeOver }: ImportedVersion): JsonObject {
  return { id: `${address}@${version}`, ...(takeOver === undefined ? {} : { take_over: takeOver }) }
}

/** An element of `resource_changes`. */
export function resourceChange(change: Change): JsonObject {
  const reason = actionReason(change.reason)
  return {
    address: change.address,
    mode: 'managed',
    ...addressParts(change.address),
    change: {
      actions: [ACTIONS[change.action]],
      before: specOf(change.before),
      after: specOf(change.after),
      after_unknown: {},
      before_sensitive: {},
      after_sensitive: {},
      ...(change.imported === undefined ? {} : { importing: importingJson(change.imported) }),
    },
    ...(change.previousAddress === undefined ? {} : { previous_address: change.previousAddress }),
    ...(reason === undefined ? {} : { action_reason: reason }),
    before_version: versionJson(change.before),
    after_version: versionJson(change.after),
    used_by: change.usedBy,
    ...(change.forecast === undefined ? {} : { forecast: forecastJson(change.forecast) }),
    ...(change.affectedCosts === undefined
      ? {}
      : {
          affected_costs: change.affectedCosts.map(({ address, before, after }) => ({
            address,
            before: costJson(before),
            after: costJson(after),
          })),
        }),
    ...(change.keptVersions === undefined ? {} : { kept_versions: change.keptVersions }),
  }
}

function specOf(version: PlannedVersion | undefined): JsonValue {
  // An interface has no index signature, so the compiler cannot see that a spec is JSON.
  return version === undefined ? null : (version.artifact.spec as unknown as JsonValue)
}

function versionJson(version: PlannedVersion | undefined): JsonValue {
  if (version === undefined) return null
  return {
    version: version.version,
    digest: version.digest,
    ...(version.publishedAtMs === undefined ? {} : { published_at: new Date(version.publishedAtMs).toISOString() }),
    ...(version.textFiles === undefined || Object.keys(version.textFiles).length === 0 ? {} : { text_files: version.textFiles }),
  }
}

function forecastJson({ tokensBefore, tokensAfter, costBefore, costAfter }: Forecast): JsonObject {
  return {
    tokens_before: tokensBefore === undefined ? null : tokensJson(tokensBefore),
    tokens_after: tokensAfter === undefined ? null : tokensJson(tokensAfter),
    cost_before: costBefore === undefined ? null : costJson(costBefore),
    cost_after: costAfter === undefined ? null : costJson(costAfter),
  }
}

function tokensJson({ fixed, approximate, parts }: TokenCount): JsonObject {
  return { fixed, approximate, parts: parts.map(({ name, tokens }) => ({ name, tokens })) }
}

function costJson({ nanoPerThousandCalls, basis, modelAddress, modelId }: CostForecast): JsonObject {
  const { kind } = basis
  return {
    per_thousand_calls_nano_usd: nanoPerThousandCalls,
    basis: kind === 'no-price' ? 'no_price' : kind,
    model: modelAddress,
    model_id: modelId,
    ...('inputTokens' in basis ? { input_tokens: basis.inputTokens, output_tokens: basis.outputTokens } : {}),
    ...(basis.kind === 'recorded' ? { calls: basis.calls, days: basis.days } : {}),
  }
}

/** What somebody else did to an address. */
export function driftAction({ before, after }: { readonly before?: number | undefined; readonly after?: number | undefined }) {
  return after === undefined ? 'delete' : before === undefined ? 'create' : 'update'
}

/** An element of `resource_drift`. */
export function resourceDrift({ address, before, after, release, actor, atMs, cause, reason }: DriftChange): JsonObject {
  const action = driftAction({ before, after })
  return {
    address,
    mode: 'managed',
    ...addressParts(address),
    change: {
      actions: [action],
      before: before === undefined ? null : { version: before },
      after: after === undefined ? null : { version: after },
    },
    release,
    actor,
    at: new Date(atMs).toISOString(),
    cause,
    ...(reason === undefined ? {} : { reason }),
  }
}

/** A member of `output_changes`; sensitive values are `null`. */
export function outputChange({ action, before, after, sensitive }: OutputChange): JsonObject {
  return {
    actions: [action],
    before: before ?? null,
    after: after ?? null,
    after_unknown: false,
    before_sensitive: sensitive,
    after_sensitive: sensitive,
  }
}
