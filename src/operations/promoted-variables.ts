import type { Digest } from '../base/digest.ts'
import { enumerate } from '../base/enumerate.ts'
import type { VariableFlag } from '../config/variables.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import { variableDigests } from '../plan/planner.ts'
import type { PointerSet } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import { foldedInto } from './pointer-facts.ts'
import { loadProject, type OperationHost, type Project } from './project.ts'

/** Names of a list before it is cut. */
const LISTED_MAX = 10

export interface PromotedVariables {
  /** The target's. */
  readonly registry: Registry
  readonly pointers: PointerSet
  /** What is active where the versions are taken from. */
  readonly offered: PointerSet
  readonly to: string
  /** Variables folded into what is promoted, with the digest of each value, by address. */
  readonly folded: ReadonlyMap<string, Readonly<Record<string, Digest>>>
  readonly variables: readonly VariableFlag[]
}

/**
 * PROM-3: what has the value of a variable in it is promoted only where the variable has the same value.
 *
 * @throws OperationError `promote/variable-differs`.
 */
export async function requireSameVariables(host: OperationHost, project: Project, promoted: PromotedVariables): Promise<void> {
  const { registry, pointers, offered, to, folded } = promoted
  const used = [...folded].flatMap(([address, values]) => Object.entries(values).map(([name, digest]) => ({ address, name, digest })))
  if (used.length === 0) return
  const values = { ...(await recordedValues(registry, to, pointers)), ...configuredValues(host, project, promoted.variables) }
  const different = used.filter(({ name, digest }) => values[name] !== digest)
  if (different.length === 0) return
  const lines = [...Map.groupBy(different, ({ address }) => address)].map(([address, found]) => {
    const names = found.map(({ name }) => `var.${name}${values[name] === undefined ? ' (not known there)' : ''}`)
    return `  ${address}@${offered.pointers.get(address)?.version}: ${enumerate(names)}`
  })
  const cut = lines.length > LISTED_MAX ? [...lines.slice(0, LISTED_MAX), `  and ${lines.length - LISTED_MAX} more`] : lines
  throw new OperationError({
    code: 'promote/variable-differs',
    summary: `var.${different[0]?.name} has another value in ${to}`,
    detail: `It is part of the text of what would be promoted:\n${cut.join('\n')}\nCompile it for ${to}: flowrun plan -e ${to}\nOr promote other addresses by their names. Nothing was changed.`,
  })
}

/** As the configuration has them; none where it does not compile. */
function configuredValues(host: OperationHost, project: Project, variables: readonly VariableFlag[]): Readonly<Record<string, Digest>> {
  const { configuration } = loadProject(host, project, { variables }, new Report(), false)
  return configuration ? variableDigests(configuration) : {}
}

/** As the releases recorded them; of two that differ, the later. */
async function recordedValues(
  registry: Registry,
  environment: string,
  { pointers }: PointerSet,
): Promise<Readonly<Record<string, Digest>>> {
  const oldestFirst = [...pointers.values()].sort((a, b) => a.changedIn - b.changedIn)
  const folded = await foldedInto(registry, environment, oldestFirst)
  return Object.assign({}, ...oldestFirst.map(({ address }) => folded.get(address)))
}
