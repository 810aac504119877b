import type { Digest } from '../base/digest.ts'
import type {
  CallRequest,
  CallResult,
  EmbeddingAnswer,
  EmbeddingCall,
  GuardTarget,
  LayerResult,
  ModelCall,
  ProviderTarget,
} from './call.ts'
import { applyGuards, type GuardOutcome } from './guards/apply.ts'
import { createPlaceholders } from './guards/placeholders.ts'
import { type GuardedCall, guardRun } from './guards/run.ts'
import { createPipeline, type PipelineDependencies } from './pipeline.ts'
import type { ModelProvider, ProviderDependencies } from './providers/definition.ts'
import { providerDefinitions } from './providers/index.ts'

export type GatewayDependencies = ProviderDependencies & PipelineDependencies

/** Texts to be turned into vectors, for whom, and by which model or its stand-ins: vectors of different models do not compare. */
export type EmbeddingRequest = Pick<CallRequest, 'tiers' | 'signal' | 'deadlineMs' | 'caller' | 'policy'> &
  Pick<EmbeddingCall, 'texts' | 'purpose'>

export type Embedding = Omit<CallResult, 'output'> & Pick<EmbeddingAnswer, 'vectors'>

/** Calls models: `call` passes the layers and ends at the provider. One for a process: connections are kept. */
export interface Gateway {
  /** @throws CallFailure; MissingSecret; OperationError from an expression of a simulated answer. */
  readonly call: (request: CallRequest) => Promise<CallResult>
  /** Passes the same layers. @throws as `call`. */
  readonly embed: (request: EmbeddingRequest) => Promise<Embedding>
  /** Holds a text against guards without a call of a model, but for those of their judges. Values that may be put back are lost. */
  readonly guard: (text: string, guards: readonly GuardTarget[], caller: GuardedCall) => Promise<GuardOutcome>
}

export function createGateway(dependencies: GatewayDependencies): Gateway {
  const connections = new Map<Digest, ModelProvider>()
  const connectionTo = (target: ProviderTarget) => {
    const connection = connections.get(target.digest) ?? providerDefinitions[target.spec.type].connect(target, dependencies)
    connections.set(target.digest, connection)
    return connection
  }
  const call = createPipeline(dependencies, async modelCall => {
    const provider = connectionTo(modelCall.target.provider)
    if (modelCall.embedding) return embedded(modelCall, modelCall.embedding, provider)
    const answer = await provider.answer(modelCall)
    return { ...answer, target: modelCall.target, output: answer.text, costNano: null }
  })
  return {
    call,
    async embed({ texts, purpose, ...request }) {
      const messages = texts.map(text => ({ role: 'user', text }) as const)
      const { output, ...result } = await call({ ...request, messages, params: {}, embedding: { purpose } })
      return { ...result, vectors: output as unknown as Embedding['vectors'] }
    },
    guard: (text, guards, caller) =>
      applyGuards([text], guards, guardRun(caller, 'input', createPlaceholders(), { ...dependencies, ask: call })),
  }
}

async function embedded(
  { target, messages, signal }: ModelCall,
  { purpose }: Pick<EmbeddingCall, 'purpose'>,
  provider: ModelProvider,
): Promise<LayerResult> {
  const { vectors, usage, requestId, simulated } = await provider.embed({
    target,
    texts: messages.map(({ text }) => text),
    purpose,
    signal,
  })
  return {
    text: '',
    output: vectors,
    toolCalls: [],
    finishReason: 'stop',
    usage,
    modelId: target.spec.id,
    ...(requestId !== undefined && { requestId }),
    simulated,
    warnings: [],
    target,
    costNano: null,
  }
}
