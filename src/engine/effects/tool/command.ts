import type { DeferredText } from '../../../artifact/deferred.ts'
import { invariant } from '../../../base/invariant.ts'
import type { JsonValue } from '../../../base/json.ts'
import type { ToolAnswer, ToolCall, ToolDependencies } from './call.ts'
import { cleaned } from './cleaned.ts'
import { shortText, ToolFailure } from './failure.ts'
import { environmentOf, readOutput, startProcess } from './process.ts'

/** Where a command finds the key that is the same for every attempt. */
const KEY_VARIABLE = 'FLOWRUN_IDEMPOTENCY_KEY'

/** Runs a command without a shell: the input goes to stdin as JSON, stdout is the result as JSON. */
export async function runCommand(call: ToolCall, dependencies: ToolDependencies): Promise<ToolAnswer> {
  const { address, spec, input, signal, effectKey } = call
  invariant(spec.command, 'tool/no-command', `${address} is no command`)
  const { language, timers, redactor } = dependencies
  refuseProcesses(address, dependencies)
  const argv = spec.command.argv.map(word => language.text(word as DeferredText, { input: input.value }))
  const environment = await environmentOf(spec.command.env, dependencies)
  const key = spec.replay === 'idempotent' ? { [KEY_VARIABLE]: effectKey } : {}
  const running = startProcess({ argv, environment: { ...environment, ...key }, signal, timers })
  call.began()
  running.child.stdin.end(JSON.stringify(input.json))
  const name = argv[0] ?? ''
  const output = await readOutput(running, name, spec.max_result_bytes).finally(() => running.ended.catch(() => {}))
  const { exitCode, killedBy } = await running.ended
  signal.throwIfAborted()
  if (exitCode !== 0) {
    const said = shortText(running.errorText().trim().split('\n').at(-1) ?? '', redactor)
    const how = killedBy === null ? `ended with exit code ${exitCode}` : `was ended by ${killedBy}`
    throw new ToolFailure('tool/command-failed', `${name} ${how}${said === '' ? '' : `: ${said}`}`)
  }
  return { output: cleaned(parsed(output, name), redactor.redact, address), bytes: output.length }
}

/** @throws ToolFailure `tool/command-refused` */
export function refuseProcesses(address: string, { mayStartProcesses }: Pick<ToolDependencies, 'mayStartProcesses'>): void {
  if (!mayStartProcesses) throw new ToolFailure('tool/command-refused', `${address} would start a process, which this flowrun must not`)
}

/** Nothing at all is null. */
function parsed(output: Buffer, name: string): JsonValue {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(output).trim()
    return text === '' ? null : (JSON.parse(text) as JsonValue)
  } catch {
    throw new ToolFailure('tool/invalid-output', `What ${name} wrote to stdout is not JSON`)
  }
}
