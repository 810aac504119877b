import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import type { CallHistory, ModelTarget, RejectedAnswer } from './call.ts'
import { budgetDiagnostic } from './diagnostics/budget.ts'
import { guardDiagnostic } from './diagnostics/guard.ts'
import { loadDiagnostic } from './diagnostics/load.ts'
import type { FailureDetails } from './failure.ts'
import { violationSentence } from './layers/repair.ts'

/** What a person is told where flowrun itself refused, a call or an answer; undefined where the provider failed. */
export function refusalDiagnostic(
  details: FailureDetails,
  target: ModelTarget,
  history: CallHistory,
  flow: string,
): DiagnosticInput | undefined {
  const ofBlock = budgetDiagnostic(details, target) ?? guardDiagnostic(details) ?? loadDiagnostic(details, target, history)
  if (ofBlock) return ofBlock
  switch (details.class) {
    case 'output_invalid':
      return outputInvalid(history.rejected, flow)
    case 'truncated':
      return {
        code: 'output/truncated',
        summary: `${details.message.charAt(0).toUpperCase()}${details.message.slice(1)}`,
        address: flow,
        argument: 'params',
        detail: `${target.address} stopped at its limit of output tokens. Allow more with max_output_tokens, ask for less, or take what is there: on_truncated = "keep".`,
      }
    case 'unknown_price':
      return {
        code: 'gateway/unknown-price',
        summary: `The price of ${target.address} is unknown, and ${details.refusedBy ?? flow} has a max_cost`,
        address: target.address,
        argument: 'price',
        detail:
          'A limit that cannot be checked refuses. Write the price into the model, or take max_cost out of the prompt. The call was not made.',
      }
    case 'max_cost':
      return {
        code: 'gateway/max-cost',
        summary: `A call of ${details.refusedBy ?? flow} could cost more than its max_cost`,
        address: flow,
        argument: 'max_cost',
        ...(details.notes && { notes: details.notes }),
        detail: 'Allow fewer output tokens, send less, or raise max_cost. The call was not made.',
      }
    case 'deadline':
      return {
        code: 'gateway/deadline',
        summary: 'The time of the run was over before the model had answered',
        address: flow,
        detail: 'Give the run more time, or its models less with timeout. No further call was made.',
      }
    default:
      return undefined
  }
}

/** By the number of answers. */
const SHOWN = ['', 'The model was shown its first error once. ', 'The model was shown its error each time. ']

function outputInvalid(rejected: readonly RejectedAnswer[], flow: string): DiagnosticInput {
  const first = rejected[0]
  const isRepaired = rejected.length > 1
  const ofOneModel = rejected.every(({ model }) => model === first?.model)
  const nor = !ofOneModel ? ', of no tier' : rejected.length > 2 ? ', nor do its repairs' : isRepaired ? ', nor does its repair' : ''
  const path = rejected.at(-1)?.violations[0]?.path ?? ''
  const labels = rejected.map(({ model }, index) => (ofOneModel ? (index === 0 ? 'first' : 'repair') : model))
  const width = Math.max(...labels.map(label => label.length), 'repair '.length)
  return {
    code: 'output/invalid',
    summary: `The answer does not fit the output type${nor}`,
    address: flow,
    argument: path === '' ? 'output' : `output.${path}`,
    notes: isRepaired
      ? rejected.map(
          ({ violations: [problem] }, index) =>
            `${(labels[index] ?? '').padEnd(width)} ${problem ? violationSentence(problem) : 'it does not fit'}`,
        )
      : (first?.violations.map(violationSentence) ?? []),
    detail: `${ofOneModel ? (SHOWN[Math.min(rejected.length, SHOWN.length) - 1] ?? '') : ''}Say the shape in the prompt, or allow this one.`,
  }
}
