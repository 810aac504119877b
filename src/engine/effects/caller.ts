import type { EffectContext } from '../durable/effect.ts'
import type { RunRecord } from '../durable/record-store.ts'
import type { EffectCommand } from '../interpreter/command.ts'
import type { PromptRequest } from '../prompt/request.ts'

/** For whom the calls of a step are made: budgets and costs know them by this. */
export function callerOfRun(
  run: RunRecord,
  { path }: EffectCommand,
  { scope }: Pick<EffectContext, 'scope'>,
): Pick<PromptRequest, 'environment' | 'flow' | 'run' | 'scope' | 'node' | 'tenant' | 'user'> & {
  readonly flow: string
} {
  const { tenant, user } = run.session
  return {
    environment: run.environment,
    flow: run.flow,
    run: run.id,
    ...(scope && { scope }),
    node: path,
    ...(typeof tenant === 'string' && { tenant }),
    ...(typeof user === 'string' && { user }),
  }
}
