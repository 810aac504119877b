import type { Digest } from '../base/digest.ts'
import type { CallRequest, CallResult, ProviderTarget } from './call.ts'
import { createPipeline, type PipelineDependencies } from './pipeline.ts'
import type { ModelProvider, ProviderDependencies } from './providers/definition.ts'
import { providerDefinitions } from './providers/index.ts'

export type GatewayDependencies = ProviderDependencies & PipelineDependencies

/** Calls models: `call` passes the layers and ends at the provider. One for a process: connections are kept. */
export interface Gateway {
  /** @throws CallFailure; MissingSecret; OperationError from an expression of a simulated answer. */
  readonly call: (request: CallRequest) => Promise<CallResult>
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
  return { call }
}
