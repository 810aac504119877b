import { type Digest, digestOf } from '../../base/digest.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'
import type { CachePolicy, CallMessage, CallTool, ModelCall, ModelTarget } from '../call.ts'

/**
 * The name of an answer (CACHE-1): what the prompt and its guards are, what is asked, of whom, and for whom. A model that
 * stands in is not in it, for only answers of the first one are kept; the first one is, so that another model behind the
 * same prompt does not answer with what its predecessor said.
 */
export function cacheKey({ tiers, messages, params, output, tools, policy, caller }: ModelCall, { closure, scope }: CachePolicy): Digest {
  const first = tiers[0]?.models[0]
  return digestOf({
    format: 1,
    closure,
    guards: policy.outputGuards.map(({ digest }) => digest),
    environment: caller.environment,
    tenant: scope === 'tenant' ? (caller.tenant ?? null) : null,
    model: first === undefined ? null : modelFacts(first),
    messages: messages.map(messageFacts),
    params: { ...first?.spec.params, ...params },
    output: output ?? null,
    tools: (tools ?? []).map(toolFacts),
  } satisfies JsonObject)
}

/** What an answer depends on: a new timeout or price asks the same model the same. */
function modelFacts({ spec, provider }: ModelTarget): JsonObject {
  return {
    id: spec.id,
    options: spec.provider_options ?? null,
    type: provider.spec.type,
    url: provider.spec.base_url ?? null,
    // What its answers are is written in the block itself.
    script: provider.spec.type === 'simulated' ? provider.digest : null,
  }
}

function messageFacts({ role, text, files = [] }: CallMessage): JsonValue {
  return [role, text, ...files.map(({ mediaType, name, ...content }) => ({ mediaType, name: name ?? null, ...content }))]
}

function toolFacts({ name, description, input }: CallTool): JsonValue {
  return [name, description ?? null, input]
}
