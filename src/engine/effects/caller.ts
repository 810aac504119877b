import type { RunRecord } from '../durable/record-store.ts'
import type { EffectCommand } from '../interpreter/command.ts'
import type { PromptRequest } from '../prompt/request.ts'

/** For whom the calls of a step are made: budgets and costs know them by this. */
export function callerOfRun(
  run: RunRecord,
  { path }: EffectCommand,
): Pick<PromptRequest, 'environment' | 'flow' | 'run' | 'node' | 'tenant' | 'user'> & {
  readonly flow: string
} {
  const { tenant, user } = run.session
  return {
    environment: run.environment,
    flow: run.flow,
    run: run.id,
    node: path,
    ...(typeof tenant === 'string' && { tenant }),
    ...(typeof user === 'string' && { user }),
  }
}
