import type { PromptSpec } from '../../artifact/prompt.ts'
import type { JsonValue } from '../../base/json.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { Caller, CallMessage, CallPolicy, CallRequest, CallResult, CallTier } from '../../gateway/call.ts'
import { CallFailure, mayPass } from '../../gateway/failure.ts'
import { failureDiagnostic, missingSecretDiagnostic } from '../../gateway/failure-diagnostic.ts'
import { MissingSecret } from '../../gateway/secrets.ts'
import { countTokens } from '../../gateway/tokens.ts'
import type { DeferredLanguage } from '../deferred.ts'
import { typedValue } from '../typed-value.ts'
import { budgetTargets } from './budgets.ts'
import { cachePolicyOf } from './cache-policy.ts'
import { PromptFailure } from './failure.ts'
import { guardTargets } from './guards.ts'
import { type CheckedInput, checkedInput } from './input.ts'
import { renderMessages } from './messages.ts'
import { checkedOutput } from './output.ts'
import type { PromptDependencies, PromptRequest, PromptResult, RenderedPrompt } from './request.ts'
import { memberAt, promptOf, tiersOf } from './target.ts'

/**
 * Renders a prompt for one input, asks its models, and gives back a typed answer.
 *
 * @throws OperationError before the first call; PromptFailure, with what was spent, after it. Both name the block and
 * argument whose source line to show.
 */
export async function runPrompt(request: PromptRequest, dependencies: PromptDependencies): Promise<PromptResult> {
  const prepared = await prepare(request, dependencies)
  const beganMs = dependencies.clock.monotonic()
  try {
    return resultOf(await dependencies.gateway.call(callOf(request, prepared, dependencies)), request)
  } catch (error) {
    const [{ models }] = prepared.tiers
    const [target] = models
    if (error instanceof MissingSecret && target) throw new OperationError(missingSecretDiagnostic(error, target, request.tryInstead))
    if (!(error instanceof CallFailure)) throw error
    const { costNano = null, history, waitsFor } = error.details
    if (history === undefined) throw error
    const latencyMs = Math.round(dependencies.clock.monotonic() - beganMs)
    const texts = history.rejected.map(({ text }) => text)
    const diagnostic = failureDiagnostic(error, prepared.tiers, request.closure.address)
    throw new PromptFailure(
      diagnostic,
      { costNano, latencyMs, history },
      { texts, retryable: mayPass(error), ...(waitsFor && { waitsFor }) },
    )
  }
}

/** What `runPrompt` would send first, without sending it. */
export async function renderPrompt(
  request: Pick<PromptRequest, 'closure' | 'input' | 'model'>,
  dependencies: Omit<PromptDependencies, 'gateway'>,
): Promise<RenderedPrompt> {
  const { messages, input, tiers } = await prepare(request, dependencies)
  const tokensAreExact = tiers[0].models[0]?.provider.spec.type === 'simulated'
  return { messages, input: input.json, tokens: countTokens(messages), tokensAreExact }
}

interface Prepared {
  readonly prompt: PromptSpec
  readonly tiers: readonly [CallTier, ...CallTier[]]
  readonly input: CheckedInput
  readonly messages: readonly CallMessage[]
}

async function prepare(
  { closure, input: given, model }: Pick<PromptRequest, 'closure' | 'input' | 'model'>,
  { language, validator }: Omit<PromptDependencies, 'gateway'>,
): Promise<Prepared> {
  const prompt = promptOf(closure)
  const input = await checkedInput(given, prompt, closure.address, language, validator)
  const names = { input: input.value }
  const tiers = tiersOf(closure, prompt, model, names, language)
  return { prompt, tiers, input, messages: renderMessages(prompt, names, language) }
}

function callOf(request: PromptRequest, prepared: Prepared, dependencies: PromptDependencies): CallRequest {
  const { prompt, tiers, input, messages } = prepared
  const { signal = new AbortController().signal, onEvent, deadlineMs, bill } = request
  return {
    tiers,
    messages,
    params: prompt.params ?? {},
    ...(prompt.output && { output: prompt.output }),
    input: input.json,
    signal,
    ...(onEvent && { onEvent }),
    ...(deadlineMs !== undefined && { deadlineMs }),
    caller: callerOf(request),
    policy: policyOf(prepared, request, dependencies),
    ...(bill && { bill }),
  }
}

function callerOf({ closure, environment, flow = closure.address, run, scope, node, tenant, user }: PromptRequest): Caller {
  const { digest, version } = memberAt(closure, closure.address)
  const { labels } = promptOf(closure)
  return {
    environment,
    flow,
    prompt: { address: closure.address, digest, ...(version !== undefined && { version }) },
    ...(run !== undefined && { run }),
    ...(scope && { scope }),
    ...(node !== undefined && { node }),
    ...(tenant !== undefined && { tenant }),
    ...(user !== undefined && { user }),
    ...(labels && { labels }),
  }
}

function policyOf(
  { prompt, input }: Prepared,
  { closure, withoutCache, budgets }: PromptRequest,
  dependencies: PromptDependencies,
): CallPolicy {
  const { language, validator } = dependencies
  const cache = withoutCache ? undefined : cachePolicyOf(closure, prompt)
  return {
    repair: prompt.repair,
    onTruncated: prompt.on_truncated,
    ...(prompt.max_cost_nano !== undefined && { maxCostNano: prompt.max_cost_nano }),
    check: text => checkedOutput(text, prompt, { input: input.value }, language, validator),
    render: changed => renderInput(changed, prompt, language),
    inputGuards: guardTargets(closure, prompt.input_guards),
    outputGuards: guardTargets(closure, prompt.output_guards),
    ...(cache && { cache }),
    budgets: budgets ?? budgetTargets(closure),
  }
}

function renderInput(input: JsonValue, prompt: PromptSpec, language: DeferredLanguage): readonly CallMessage[] {
  return renderMessages(prompt, { input: typedValue(input, prompt.input) }, language)
}

function resultOf(result: CallResult, { closure }: PromptRequest): PromptResult {
  const { target, output, text, simulated, finishReason, usage, costNano, latencyMs, history, cached, requestId, warnings } = result
  const promptVersion = closure.members.get(closure.address)?.version
  const modelVersion = closure.members.get(target.address)?.version
  return {
    output,
    text,
    prompt: { address: closure.address, ...(promptVersion !== undefined && { version: promptVersion }) },
    model: {
      address: target.address,
      id: target.spec.id,
      reportedId: result.modelId,
      provider: target.provider.address,
      providerType: target.provider.spec.type,
      ...(modelVersion !== undefined && { version: modelVersion }),
    },
    simulated,
    finishReason,
    usage,
    costNano,
    latencyMs,
    history,
    ...(cached !== undefined && { cached }),
    ...(requestId !== undefined && { requestId }),
    warnings,
  }
}
