import type { WorkflowSpec } from '../../artifact/workflow.ts'
import { invariant } from '../../base/invariant.ts'
import { behaviourOf } from '../nodes/index.ts'
import type { Failure } from './behaviour.ts'
import { bodyOf, countNodes } from './body.ts'
import type { RunOutcome } from './command.ts'
import { type Frame, standings } from './frame.ts'
import { evaluator, failFrame, type GraphRun, openFrame } from './graph-run.ts'
import type { Interpretation, InterpretationSettings } from './interpretation.ts'
import { abandon, createProgress, takeCommands, work } from './progress.ts'
import { runOutput } from './run-output.ts'
import { runNamesOf } from './run-scope.ts'
import { SUPPORTED_SEMANTICS } from './semantics.ts'

/** Of one graph, those of bodies included, and of one run (RUN-8). */
const MAX_NODES = 1_000
const MAX_STEPS = 100_000

/** One run, from its graph and its facts; records that it has are settled before its commands are taken. */
export function createInterpretation(settings: InterpretationSettings): Interpretation {
  const { graph, facts, closure } = settings
  invariant(SUPPORTED_SEMANTICS.has(graph.interpreter), 'run/unsupported-interpreter', `no semantics ${graph.interpreter} here`)
  const progress = createProgress(facts.startedAtMs)
  let outcome: RunOutcome | undefined = tooManyNodes(graph)
  const fail = ({ error, path }: Failure) =>
    abandon(progress, [root], () => {
      outcome ??= { state: 'failed', error: { ...error, path } }
    })
  const run: GraphRun = {
    settings,
    progress,
    names: runNamesOf(facts, graph.input, ({ node: { spec } }) => behaviourOf(spec).outputType(closure)),
    maxSteps: Math.min(graph.max_steps, MAX_STEPS),
    maxCostNano: graph.max_cost_nano ?? Number.POSITIVE_INFINITY,
    spentNano: 0,
    fail: failure => failFrame(root, failure),
  }
  const root: Frame = openFrame(run, {
    body: bodyOf(outcome ? [] : graph.nodes),
    prefix: '',
    rank: [],
    names: {},
    completed() {
      outcome ??= runOutput(settings, evaluator(run, root))
    },
    failed: fail,
  })
  return {
    take() {
      work(progress)
      return takeCommands(progress)
    },
    settle(path, settled, nowMs, spent) {
      progress.inbox.push({ path, outcome: settled, nowMs, ...(spent && { spent }) })
    },
    begun(path) {
      progress.begun.add(path)
    },
    isAwaited(path) {
      work(progress)
      return progress.flights.get(path)?.isAwaited ?? false
    },
    get outcome() {
      work(progress)
      return outcome
    },
    nodes() {
      work(progress)
      return standings(root)
    },
  }
}

function tooManyNodes({ nodes }: WorkflowSpec): RunOutcome | undefined {
  const count = countNodes(nodes)
  if (count <= MAX_NODES) return undefined
  const message = `The workflow has ${count} nodes, and at most ${MAX_NODES} are run`
  return { state: 'failed', error: { code: 'run/too-many-nodes', message, retryable: false } }
}
