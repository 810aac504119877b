import type { Closure } from '../../../artifact/closure.ts'
import type { Reference } from '../../../artifact/deferred.ts'
import { memberKey } from '../../../artifact/references.ts'
import type { ToolSpec } from '../../../artifact/tool.ts'
import { invariant } from '../../../base/invariant.ts'
import type { JsonObject, JsonValue } from '../../../base/json.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import { MissingSecret } from '../../../gateway/secrets.ts'
import type { EffectExecutor, EffectResult } from '../../durable/effect.ts'
import type { StepOutcome } from '../../interpreter/command.ts'
import { stepErrorOf } from '../../interpreter/step-error.ts'
import { memberAt } from '../../prompt/target.ts'
import { type AttemptFacts, attempted } from './attempts.ts'
import type { ToolDependencies, ToolWay } from './call.ts'
import { runCommand } from './command.ts'
import { ToolFailure } from './failure.ts'
import { guardedResult } from './guards.ts'
import { callHttp } from './http.ts'
import { checkedToolInput, checkedToolOutput } from './input.ts'
import { createMcpWay } from './mcp.ts'

/** Arguments of a tool node, evaluated. */
interface ToolEffect {
  readonly tool: Reference
  readonly with: JsonValue
}

/** Calls a tool of the run's closure. One that runs a flow is no effect: its node asks for a child. */
export function toolEffect(dependencies: ToolDependencies): EffectExecutor {
  const callMcp = createMcpWay()
  const wayOf = ({ http, mcp, command }: ToolSpec): ToolWay => {
    const way = (http && callHttp) ?? (mcp && callMcp) ?? (command && runCommand)
    invariant(way, 'tool/no-way', 'a tool that runs a flow is called as a child')
    return way
  }
  return async (command, run, closure, context) => {
    const { effectKey, signal, bill } = context
    const given = command.arguments as unknown as ToolEffect
    const attempts: AttemptFacts[] = []
    const finish = (outcome: StepOutcome): EffectResult => ({ outcome, costNano: bill.costNano(), facts: factsOf(attempts) })
    try {
      const address = memberKey(given.tool)
      const spec = toolSpec(closure, address)
      const input = await checkedToolInput(given.with, spec, address, dependencies)
      const call = { address, spec, input, effectKey, signal }
      const outcome = await attempted(call, wayOf(spec), dependencies, facts => attempts.push(facts))
      if ('isUnknown' in outcome) return finish({ status: 'unknown' })
      if ('failure' in outcome) return finish(failed(outcome.failure))
      const { output, statusCode } = outcome.answer
      const guarded = await guardedResult(output, { spec, command, run, closure, context }, dependencies)
      const checked = await checkedToolOutput(guarded, spec, address, dependencies)
      const attributes: JsonObject = { output: checked, ...(statusCode !== undefined && { status_code: statusCode }) }
      return finish({ status: 'succeeded', exit: 'done', attributes })
    } catch (error) {
      if (signal.aborted) throw error
      if (error instanceof MissingSecret) return { pause: missingSecret(error) }
      if (error instanceof ToolFailure) return finish(failed(error))
      if (error instanceof OperationError) return finish({ status: 'failed', error: stepErrorOf(error) })
      throw error
    }
  }
}

/** @throws OperationError `run/unresolved` */
function toolSpec(closure: Closure, address: string): ToolSpec {
  const { artifact } = memberAt(closure, address)
  invariant(artifact.kind === 'tool', 'tool/no-tool', `${address} is a ${artifact.kind}`)
  return artifact.spec
}

function failed({ code, message, details }: ToolFailure): StepOutcome {
  return { status: 'failed', error: { code, message, retryable: details.retryable ?? false } }
}

function missingSecret({ secretName, lookedIn }: MissingSecret) {
  return { code: 'secret/missing', message: `Secret "${secretName}" is not set; looked in ${lookedIn.join('; ')}`, retryable: false }
}

/** The last attempt, and all of them where there were more. */
function factsOf(attempts: readonly AttemptFacts[]): JsonObject {
  return { ...attempts.at(-1), ...(attempts.length > 1 && { calls: attempts }) }
}
