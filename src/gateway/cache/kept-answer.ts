import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { Answer, GuardVerdict, LayerResult, ModelCall } from '../call.ts'

/** An answer as it is kept: of a call, or of a step of a workflow. */
export type KeptAnswer = KeptCall | KeptStep

interface KeptHead {
  readonly environment: string
  /** What was asked, as people look for it: the model that was asked first, and answered; of a step what its node calls. */
  readonly model: string
  readonly modelId: string
  /** Nano-dollars of the answer; null: unknown. */
  readonly costNano: number | null
}

/** What is about the call that made it, and not about the answer, is left out. */
export interface KeptCall extends KeptHead {
  readonly prompt?: string
  readonly answer: Answer
  /** What output guards found, so that a hit says it again. */
  readonly verdicts: readonly GuardVerdict[]
}

export interface KeptStep extends KeptHead {
  readonly outcome: { readonly exit: string; readonly attributes: JsonObject }
  /** For traces: model, tokens. */
  readonly facts?: JsonObject
}

/** The form that is stored. One that is not known is no entry: another flowrun has written it. */
const FORMAT = 1

/** What may be kept of an answer: it is whole, and of the model that was asked first (CACHE-1). */
export function keptAnswer({ tiers, caller, history }: ModelCall, result: LayerResult): KeptCall | undefined {
  const first = tiers[0]?.models[0]
  const isWhole = result.finishReason !== 'length' && result.finishReason !== 'content_filter'
  if (first === undefined || result.target.address !== first.address || history.passedOver.length > 0 || !isWhole) return undefined
  const { text, toolCalls, finishReason, usage, modelId, requestId, simulated, warnings, costNano } = result
  return {
    environment: caller.environment,
    model: first.address,
    modelId: first.spec.id,
    ...(caller.prompt && { prompt: caller.prompt.address }),
    costNano,
    answer: { text, toolCalls, finishReason, usage, modelId, ...(requestId !== undefined && { requestId }), simulated, warnings },
    verdicts: history.verdicts.filter(({ on }) => on === 'output'),
  }
}

export function encodeAnswer(answer: KeptAnswer): string {
  return JSON.stringify({ format: FORMAT, ...answer })
}

/** @returns undefined for what this flowrun has not written like that. */
export function decodeAnswer(body: string): KeptAnswer | undefined {
  let value: JsonValue
  try {
    value = JSON.parse(body)
  } catch {
    return undefined
  }
  if (!isJsonObject(value) || value.format !== FORMAT) return undefined
  const isCall = isJsonObject(value.answer) && typeof value.answer.text === 'string'
  if (!isCall && !isJsonObject(value.outcome)) return undefined
  const { format, ...kept } = value
  return kept as unknown as KeptAnswer
}
