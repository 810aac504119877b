import type { Closure } from '../artifact/closure.ts'
import type { Reference } from '../artifact/deferred.ts'
import { memberKey } from '../artifact/references.ts'
import type { WorkflowSpec } from '../artifact/workflow.ts'
import { digestOfText } from '../base/digest.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import type { SessionName } from '../base/session.ts'
import { fromJson } from '../hcl/json-value.ts'
import type { DeferredLanguage } from './deferred.ts'
import type { ChildFlow, FlowReader } from './durable/engine.ts'
import type { RunRecord } from './durable/record-store.ts'
import { graphOf } from './interpreter/flow-graph.ts'
import type { Interpretation, RunFacts } from './interpreter/interpretation.ts'
import { createInterpretation } from './interpreter/interpreter.ts'
import { checkedInput } from './prompt/input.ts'
import type { SchemaValidator } from './schema-validator.ts'
import { typedValue } from './typed-value.ts'

/** What is known of a flow before it runs, for whoever submits it or looks at its runs. */
export interface Flows extends FlowReader {
  graph(closure: Closure): WorkflowSpec
  /**
   * The input with its defaults.
   *
   * @throws OperationError `run/invalid-input`, with every violation.
   */
  checkedInput(closure: Closure, input: JsonValue): Promise<JsonValue>
  /** Where a value does not fit. */
  readonly violations: SchemaValidator['violations']
  /** Which runs of the flow share its limit: those of the flow, or those of one key. */
  lane(closure: Closure, input: JsonValue, session: JsonObject): Pick<ChildFlow, 'lane' | 'laneLimit'>
}

export interface FlowDependencies {
  readonly language: DeferredLanguage
  readonly validator: SchemaValidator
}

/** Reads flows out of closures; what a closure's graph is, is found once. */
export function createFlows({ language, validator }: FlowDependencies): Flows {
  const graphs = new WeakMap<Closure, WorkflowSpec>()
  const graph = (closure: Closure): WorkflowSpec => {
    const known = graphs.get(closure)
    if (known) return known
    const made = graphOf(closure)
    graphs.set(closure, made)
    return made
  }
  const interpret = (run: RunRecord, closure: Closure): Interpretation =>
    createInterpretation({ graph: graph(closure), facts: factsOf(run), closure, language, validator, digest: digestOfText })
  const lane: Flows['lane'] = (closure, input, session) => {
    const { concurrency, input: schema } = graph(closure)
    if (concurrency === undefined) return { lane: closure.address }
    const names = () => ({ input: typedValue(input, schema), session: fromJson({ ...sessionOf(session) }) })
    const key = concurrency.key === undefined ? undefined : language.value(concurrency.key, names())
    return { lane: key === undefined ? closure.address : `${closure.address} ${JSON.stringify(key)}`, laneLimit: concurrency.limit }
  }
  return {
    graph,
    interpret,
    lane,
    violations: validator.violations,
    checkedInput: async (closure, input) =>
      (await checkedInput(input, graph(closure), closure.address, language, async () => validator)).json,
    child(closure, flow, { input, session }) {
      const own: Closure = { ...closure, address: flow }
      const { interpreter, timeout_ms: timeoutMs, retention_ms: retentionMs } = graph(own)
      return { closure: own, interpreter, timeoutMs, retentionMs, ...lane(own, input, session) }
    },
    onUnknown({ nodeType, arguments: given }, { members }) {
      const artifact = nodeType === 'tool' ? members.get(memberKey(toolOf(given)))?.artifact : undefined
      return artifact?.kind === 'tool' ? artifact.spec.on_unknown : 'pause'
    },
  }
}

/** The argument of a tool node was checked when its artifact was published. */
function toolOf(given: JsonObject): Reference {
  return given.tool as unknown as Reference
}

function factsOf({ id, flow, startedAtMs, createdAtMs, input, session }: RunRecord): RunFacts {
  return { id, flow, input, startedAtMs: startedAtMs ?? createdAtMs, session: sessionOf(session) }
}

/** What was not said is null in expressions. */
function sessionOf(session: JsonObject): RunFacts['session'] {
  const text = (name: SessionName) => {
    const value = session[name]
    return typeof value === 'string' ? value : null
  }
  return { id: text('id'), user: text('user'), tenant: text('tenant'), locale: text('locale'), timezone: text('timezone') }
}
