import type { Digest } from '../base/digest.ts'
import type { CallRequest, CallResult, GuardTarget, ProviderTarget } from './call.ts'
import { applyGuards, type GuardOutcome } from './guards/apply.ts'
import { createPlaceholders } from './guards/placeholders.ts'
import { type GuardedCall, guardRun } from './guards/run.ts'
import { createPipeline, type PipelineDependencies } from './pipeline.ts'
import type { ModelProvider, ProviderDependencies } from './providers/definition.ts'
import { providerDefinitions } from './providers/index.ts'

export type GatewayDependencies = ProviderDependencies & PipelineDependencies

/** Calls models: `call` passes the layers and ends at the provider. One for a process: connections are kept. */
export interface Gateway {
  /** @throws CallFailure; MissingSecret; OperationError from an expression of a simulated answer. */
  readonly call: (request: CallRequest) => Promise<CallResult>
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
    const answer = await connectionTo(modelCall.target.provider).answer(modelCall)
    return { ...answer, target: modelCall.target, output: answer.text, costNano: null }
  })
  return {
    call,
    guard: (text, guards, caller) =>
      applyGuards([text], guards, guardRun(caller, 'input', createPlaceholders(), { ...dependencies, ask: call })),
  }
}
