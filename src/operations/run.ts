import { compact } from '../base/compact.ts'
import type { JsonValue } from '../base/json.ts'
import type { Session } from '../base/session.ts'
import type { PromptResult, RenderedPrompt } from '../engine/prompt/request.ts'
import type { PromptEngine } from '../engine/prompt-engine.ts'
import type { CallEvent } from '../gateway/call.ts'
import { withPlace } from './failure-place.ts'
import type { FoundFlow } from './flow.ts'
import type { OperationHost } from './project.ts'

/** What a run throws after it has begun: it says what was spent. */
export { PromptFailure } from '../engine/prompt/failure.ts'
export type { CallEvent } from '../gateway/call.ts'

export interface RunOptions {
  readonly input: JsonValue
  /** For budgets and costs. */
  readonly session: Session
  /** Ask this model of the working copy instead. */
  readonly model?: string
  readonly signal: AbortSignal
  /** Given: the answer is streamed. */
  readonly onEvent?: (event: CallEvent) => void
  /** Asks a model also where an answer is kept, and keeps none. */
  readonly withoutCache: boolean
  /** What does not keep the run from its answer. */
  readonly onWarning: (text: string) => void
}

/** Runs a prompt in this process, without a record, and gives its typed answer. */
export function run(host: OperationHost, flow: FoundFlow, options: RunOptions): Promise<PromptResult> {
  const { input, session, signal, onEvent, model, withoutCache } = options
  const { tenant, user } = session
  return withEngine(host, flow, options, (engine, { closure, environment }) =>
    engine.run({
      closure,
      environment: environment.name,
      run: host.newId(),
      input,
      signal,
      withoutCache,
      ...compact({ onEvent, model, tenant, user }),
      ...withoutKey(flow),
    }),
  )
}

/** A trial that needs no key, where the working copy has a simulated model: for the message about a missing one. */
function withoutKey({ release, closure: { address, members } }: FoundFlow): { readonly tryInstead?: string } {
  const isSimulated = (provider: string) => {
    const { artifact } = members.get(provider) ?? {}
    return artifact?.kind === 'provider' && artifact.spec.type === 'simulated'
  }
  const model = [...members].find(([, { artifact }]) => artifact.kind === 'model' && isSimulated(artifact.spec.provider.$ref))
  return release === 0 && model ? { tryInstead: `flowrun run ${address} --model ${model[0]}` } : {}
}

/** What `run` would send; no call is made. */
export function dryRun(host: OperationHost, flow: FoundFlow, options: RunOptions): Promise<RenderedPrompt> {
  const { input, model } = options
  return withEngine(host, flow, options, (engine, { closure }) =>
    engine.render({ closure, input, ...(model === undefined ? {} : { model }) }),
  )
}

async function withEngine<T>(
  host: OperationHost,
  flow: FoundFlow,
  { onWarning }: RunOptions,
  work: (engine: PromptEngine, flow: FoundFlow) => Promise<T>,
): Promise<T> {
  const engine = await host.createPromptEngine(host.workingDirectory, { ...flow.environment, project: flow.project, onWarning })
  try {
    return await work(engine, flow)
  } catch (error) {
    throw withPlace(error, flow.parsed)
  } finally {
    await engine.close()
  }
}
