import type { DiagnosticCode } from '../diagnostics/codes/index.ts'
import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'

/** Values made of values made of values …: more would use up the stack, which holds 300 to 1,000 of them. */
const MAX_DEPTH = 200

/** What is being evaluated because of what: values are made when somebody asks, so a cycle shows as a return. */
export interface Trail {
  /**
   * Does the work on behalf of `name`, which was asked for at `askedAt`.
   *
   * @returns undefined when `name` is on the trail already, or the trail is too long; a cycle is reported with every
   * place on it.
   */
  enter<T>(name: string, askedAt: SourceRange | undefined, report: Report, work: () => T, tell?: CycleTeller): T | undefined
}

/** How a cycle is reported; by default as one of values. */
type CycleTeller = (steps: readonly Step[], report: Report) => void

interface Step {
  readonly name: string
  readonly askedAt: SourceRange | undefined
}

export function createTrail(): Trail {
  const steps: Step[] = []
  /** A cycle is met at each of its places, and told at the first. */
  const told = new Set<string>()
  return {
    enter(name, askedAt, report, work, tell = reportCycle) {
      const from = steps.findIndex(step => step.name === name)
      if (from >= 0) {
        const cycle = steps.slice(from)
        const names = JSON.stringify(cycle.map(step => step.name).sort())
        if (!told.has(names)) tell([...cycle, { name, askedAt }], report)
        told.add(names)
        return undefined
      }
      if (steps.length >= MAX_DEPTH) return tooDeep(name, askedAt, report)
      steps.push({ name, askedAt })
      try {
        return work()
      } catch (error) {
        // Few long expressions inside of each other use up the stack as well; what was begun is undone on the way out.
        if (error instanceof RangeError && /call stack/.test(error.message)) return tooDeep(name, askedAt, report)
        throw error
      } finally {
        steps.pop()
      }
    },
  }
}

function tooDeep(name: string, askedAt: SourceRange | undefined, report: Report): undefined {
  report.error({
    code: 'config/too-deep',
    summary: `${name} stands at the end of a chain of more than ${MAX_DEPTH} values`,
    detail: 'Each value of the chain is made from the next one. Make them from one list or map with a for expression instead.',
    ...(askedAt ? { subject: askedAt } : {}),
  })
}

/** @param steps the first and the last have one name; each says where it was asked for by the one before it. */
export function reportCycle(steps: readonly Step[], report: Report): void {
  tellCycle(steps, report, {
    code: 'config/cycle',
    verb: 'uses',
    all: 'These use each other',
    detail: 'Nothing can be made from itself. Write one of the values without the others.',
  })
}

/** Flows that run each other: no run of them would end. */
export function reportRecursiveFlow(steps: readonly Step[], report: Report): void {
  tellCycle(steps, report, {
    code: 'workflow/recursive-flow',
    verb: 'runs',
    all: 'These run each other',
    detail: 'Such a run would never end. To repeat something until it is good, put it into a node "loop" with max_iterations.',
  })
}

interface CycleWords {
  readonly code: DiagnosticCode
  readonly verb: string
  readonly all: string
  readonly detail: string
}

function tellCycle(steps: readonly Step[], report: Report, { code, verb, all, detail }: CycleWords): void {
  const names = steps.map(step => step.name)
  const places = steps
    .slice(1)
    .flatMap((step, index) => (step.askedAt ? [{ range: step.askedAt, message: `${names[index]} ${verb} ${step.name}`, peer: true }] : []))
  const [first, ...others] = places
  report.error({
    code,
    summary: names.length === 2 ? `${names[0]} ${verb} itself` : `${all}: ${names.join(' → ')}`,
    detail,
    ...(first ? { subject: first.range, where: first.message, related: others } : {}),
  })
}
