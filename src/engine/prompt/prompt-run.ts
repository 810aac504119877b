import type { PromptSpec } from '../../artifact/prompt.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { type Attempt, addCost, addUsage, type CallMessage, type CallResult, type ModelTarget } from '../../gateway/call.ts'
import { CallFailure, mayBeBilled } from '../../gateway/failure.ts'
import { failureDiagnostic, missingSecretDiagnostic } from '../../gateway/failure-diagnostic.ts'
import { MissingSecret } from '../../gateway/secrets.ts'
import { holdCostLimit } from './cost-limit.ts'
import { PromptFailure, type PromptSpending } from './failure.ts'
import { type CheckedInput, checkedInput } from './input.ts'
import { renderMessages } from './messages.ts'
import { type CheckedOutput, checkedOutput, repairMessages, violationSentence } from './output.ts'
import type { PromptDependencies, PromptRequest, PromptResult, RenderedPrompt } from './request.ts'
import { chainOf, promptOf } from './target.ts'
import { countTokens } from './tokens.ts'

/**
 * Renders a prompt for one input, asks its model, and gives back a typed answer; an answer that does not fit is mended
 * up to `repair` times.
 *
 * @throws OperationError before the first call; PromptFailure, with what was spent, after it. Both name the block and
 * argument whose source line to show.
 */
export async function runPrompt(request: PromptRequest, dependencies: PromptDependencies): Promise<PromptResult> {
  const prepared = await prepare(request, dependencies)
  const beganMs = dependencies.clock.monotonic()
  const spent = () => ({
    costNano: totals.costNano,
    latencyMs: Math.round(dependencies.clock.monotonic() - beganMs),
    attempts: totals.attempts,
  })
  const totals: Totals = { costNano: 0, usage: null, attempts: [], texts: [], problems: [] }
  let { messages } = prepared
  for (let repairs = 0; ; repairs++) {
    holdCostLimit(prepared.prompt, request.closure.address, prepared.target, messages, totals.costNano)
    const result = await ask(messages, prepared, request, dependencies, totals, spent)
    const checked = await checkAnswer(result, prepared, dependencies, request.closure.address, spent)
    if (checked.fits) return resultOf(result, checked, request, totals, { ...spent(), repairs })
    const problems = checked.violations.map(violationSentence)
    totals.texts.push(result.text)
    totals.problems.push(problems[0] ?? 'it does not fit')
    if (repairs >= prepared.prompt.repair)
      throw new PromptFailure(outputInvalid(request.closure.address, totals.problems, checked), spent(), totals.texts)
    request.onEvent?.({ type: 'repair', problems })
    messages = repairMessages(prepared.messages, result.text, problems)
  }
}

/** What `runPrompt` would send first, without sending it. */
export async function renderPrompt(
  request: Pick<PromptRequest, 'closure' | 'input' | 'model'>,
  dependencies: Omit<PromptDependencies, 'gateway'>,
): Promise<RenderedPrompt> {
  const { messages, input, target } = await prepare(request, dependencies)
  return { messages, input: input.json, tokens: countTokens(messages), tokensAreExact: target.provider.spec.type === 'simulated' }
}

interface Prepared {
  readonly prompt: PromptSpec
  readonly target: ModelTarget
  readonly chain: readonly ModelTarget[]
  readonly input: CheckedInput
  readonly messages: readonly CallMessage[]
}

/** Grows with each call of one run. */
interface Totals {
  costNano: number | null
  usage: CallResult['usage']
  attempts: Attempt[]
  readonly texts: string[]
  readonly problems: string[]
}

async function prepare(
  { closure, input: given, model }: Pick<PromptRequest, 'closure' | 'input' | 'model'>,
  { language, validator }: Omit<PromptDependencies, 'gateway'>,
): Promise<Prepared> {
  const prompt = promptOf(closure)
  const chain = chainOf(closure, prompt, model)
  const input = await checkedInput(given, prompt, closure.address, language, validator)
  return { prompt, target: chain[0], chain, input, messages: renderMessages(prompt, { input: input.value }, language) }
}

async function ask(
  messages: readonly CallMessage[],
  { prompt, target, chain, input }: Prepared,
  { signal = new AbortController().signal, onEvent, tryInstead }: PromptRequest,
  { gateway }: PromptDependencies,
  totals: Totals,
  spent: () => PromptSpending,
): Promise<CallResult> {
  try {
    const result = await gateway.call({
      chain,
      target,
      attempt: 1,
      messages,
      params: prompt.params ?? {},
      ...(prompt.output && { output: prompt.output }),
      input: input.json,
      signal,
      ...(onEvent && { onEvent }),
    })
    totals.costNano = addCost(totals.costNano, result.costNano)
    totals.usage = addUsage(totals.usage, result.usage)
    totals.attempts.push(...result.attempts)
    return result
  } catch (error) {
    if (error instanceof MissingSecret) throw new OperationError(missingSecretDiagnostic(error, target, tryInstead))
    if (!(error instanceof CallFailure)) throw error
    totals.costNano = addCost(totals.costNano, costOf(error, target))
    totals.attempts.push(...(error.details.attempts ?? []))
    throw new PromptFailure(failureDiagnostic(error, target), spent())
  }
}

/** Null is unknown. What a provider refuses it does not bill. */
function costOf({ details }: CallFailure, { provider, spec }: ModelTarget): number | null {
  const isPriced = spec.price.length > 0 || provider.spec.type === 'simulated'
  const isFree = isPriced && spec.price.every(price => price.input_nano_per_m === 0 && price.output_nano_per_m === 0)
  return mayBeBilled(details) && !isFree ? null : (details.costNano ?? 0)
}

/** An answer that was cut off is refused before its type is looked at: half of a JSON text says nothing about the prompt. */
async function checkAnswer(
  result: CallResult,
  { prompt, input, target }: Prepared,
  { language, validator }: PromptDependencies,
  address: string,
  spent: () => PromptSpending,
): Promise<CheckedOutput> {
  if (result.finishReason === 'length' && prompt.on_truncated === 'fail')
    throw new PromptFailure(outputTruncated(address, result, target), spent(), [result.text])
  return checkedOutput(result.text, prompt, { input: input.value }, language, validator)
}

function resultOf(
  result: CallResult,
  { output }: Extract<CheckedOutput, { fits: true }>,
  { closure }: PromptRequest,
  { usage }: Totals,
  { costNano, latencyMs, attempts, repairs }: PromptSpending & { readonly repairs: number },
): PromptResult {
  const { target } = result
  const promptVersion = closure.members.get(closure.address)?.version
  const modelVersion = closure.members.get(target.address)?.version
  return {
    output,
    text: result.text,
    prompt: { address: closure.address, ...(promptVersion !== undefined && { version: promptVersion }) },
    model: {
      address: target.address,
      id: target.spec.id,
      reportedId: result.modelId,
      provider: target.provider.address,
      providerType: target.provider.spec.type,
      ...(modelVersion !== undefined && { version: modelVersion }),
    },
    simulated: result.simulated,
    finishReason: result.finishReason,
    usage,
    costNano,
    latencyMs,
    attempts,
    repairs,
    ...(result.requestId !== undefined && { requestId: result.requestId }),
    warnings: result.warnings,
  }
}

/** By the number of answers. */
const SHOWN = ['', 'The model was shown its first error once. ', 'The model was shown its error each time. ']

function outputInvalid(address: string, problems: readonly string[], { violations }: Extract<CheckedOutput, { fits: false }>) {
  const repaired = problems.length > 1
  const nor = problems.length > 2 ? ', nor do its repairs' : repaired ? ', nor does its repair' : ''
  const path = violations[0]?.path ?? ''
  return {
    code: 'output/invalid',
    summary: `The answer does not fit the output type${nor}`,
    address,
    argument: path === '' ? 'output' : `output.${path}`,
    notes: repaired
      ? problems.map((problem, index) => `${(index === 0 ? 'first' : 'repair').padEnd(7)} ${problem}`)
      : violations.map(violationSentence),
    detail: `${SHOWN[Math.min(problems.length, SHOWN.length) - 1] ?? ''}Say the shape in the prompt, or allow this one.`,
  } as const
}

function outputTruncated(address: string, { usage }: CallResult, { address: model }: ModelTarget) {
  return {
    code: 'output/truncated',
    summary: `The answer was cut off${usage === null ? '' : ` after ${usage.output} tokens`}`,
    address,
    argument: 'params',
    detail: `${model} stopped at its limit of output tokens. Allow more with max_output_tokens, ask for less, or take what is there: on_truncated = "keep".`,
  } as const
}
