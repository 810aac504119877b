import type { Reference } from '../../artifact/deferred.ts'
import { memberKey } from '../../artifact/references.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import type { RunRecord, StepRecord } from '../../engine/durable/record-store.ts'
import type { Command } from '../../engine/interpreter/command.ts'
import type { RunEngine, Runs } from './access.ts'
import { unknownNode } from './control.ts'
import { type NodeReport, readReport } from './report.ts'

/** What went into a step and what came out. */
export interface StepTrace {
  readonly run: RunRecord
  readonly node: NodeReport
  /** As it was asked for; absent: the step asks nothing, or the run has not been there. */
  readonly given?: JsonValue
  /** Its attributes, or its error; absent: it is not over. */
  readonly gave?: JsonValue
}

/** @throws OperationError `run/unknown-node` */
export async function readStepTrace(runs: Runs, run: RunRecord, path: string): Promise<StepTrace> {
  const { nodes } = await readReport(runs, run)
  const node = nodes.find(candidate => candidate.path === path)
  if (node === undefined)
    throw unknownNode(
      path,
      nodes.map(candidate => candidate.path),
    )
  const step = await runs.records.step(run.id, path)
  const given = await askedOf(runs, run, path)
  const gave = step && gaveOf(step)
  return { run, node, ...(given === undefined ? {} : { given }), ...(gave === undefined ? {} : { gave }) }
}

/** Arguments are not kept: what led there, told again without this step, asks for it again (DET-7). */
async function askedOf({ records, flows, closureOf }: Runs, run: RunRecord, path: string): Promise<JsonValue | undefined> {
  const closure = await closureOf(run)
  if (closure === undefined) return undefined
  const interpretation = flows.interpret(run, closure)
  const before = (await records.steps(run.id)).filter(step => step.path !== path)
  for (const { path: other, outcome, endedAtMs } of before) interpretation.settle(other, outcome, endedAtMs)
  const command = interpretation.take().find(asked => asked.type !== 'abort' && asked.path === path)
  return command && givenOf(command)
}

function givenOf(command: Command): JsonValue | undefined {
  switch (command.type) {
    case 'effect':
      return command.arguments
    case 'child':
      return { flow: command.flow, input: command.input }
    case 'approval':
      return { title: command.title, body: command.body, fields: command.fields }
    case 'signal':
      return { signal: command.name }
    default:
      return undefined
  }
}

function gaveOf({ outcome }: StepRecord): JsonValue {
  switch (outcome.status) {
    case 'succeeded':
      return outcome.attributes
    case 'failed':
      return { error: { code: outcome.error.code, message: outcome.error.message } }
    case 'unknown':
      return { error: { code: 'run/unknown-effect', message: 'Nobody knows whether it was done' } }
  }
}

/** What a model was sent, made again from what its step was given. */
export async function readMessages(
  { closureOf, render }: RunEngine,
  { run, given }: StepTrace,
): Promise<readonly { readonly role: string; readonly text: string }[]> {
  const closure = await closureOf(run)
  const prompt = isJsonObject(given) ? given.prompt : undefined
  if (closure === undefined || !isJsonObject(given) || !isJsonObject(prompt) || typeof prompt.$ref !== 'string') return []
  const address = memberKey(prompt as unknown as Reference)
  return render(run.environment, { ...closure, address }, given.with ?? {})
}
