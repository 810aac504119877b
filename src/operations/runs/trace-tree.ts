import { memberKey } from '../../artifact/references.ts'
import { childIdOf } from '../../engine/durable/child-id.ts'
import type { RunRecord } from '../../engine/durable/record-store.ts'
import type { StepPath } from '../../engine/interpreter/command.ts'
import type { Runs } from './access.ts'
import { type RunReport, readReport } from './report.ts'

/** A run with the runs that its nodes began, and who its models are. */
export interface TraceTree {
  readonly report: RunReport
  /** By address, as calls name them. */
  readonly models: ReadonlyMap<string, TracedModel>
  /** By the node that began them. */
  readonly children: ReadonlyMap<StepPath, TraceTree>
}

export interface TracedModel {
  readonly id: string
  /** Absent: its provider is not there any more. */
  readonly providerType?: string
}

/** A trace goes over all runs that began with one submit. */
export interface RootedTrace {
  /** The run that was submitted. */
  readonly rootId: string
  /** The run that began this one, and where; absent: somebody submitted it. */
  readonly parent?: NonNullable<RunRecord['parent']>
  readonly tree: TraceTree
}

export async function readTrace(runs: Runs, run: RunRecord): Promise<RootedTrace> {
  let root = run
  while (root.parent !== undefined) {
    const above = await runs.records.getRun(root.parent.run)
    // What is above was purged: its id is known all the same.
    if (above === undefined) return { rootId: root.parent.run, parent: run.parent ?? root.parent, tree: await readTree(runs, run) }
    root = above
  }
  return { rootId: root.id, ...(run.parent && { parent: run.parent }), tree: await readTree(runs, run) }
}

async function readTree(runs: Runs, run: RunRecord): Promise<TraceTree> {
  const report = await readReport(runs, run)
  const children = new Map<StepPath, TraceTree>()
  for (const { path, type } of report.nodes) {
    const child = type === 'flow' ? await runs.records.getRun(childIdOf(run.id, path)) : undefined
    if (child) children.set(path, await readTree(runs, child))
  }
  return { report, children, models: await modelsOf(runs, run) }
}

async function modelsOf({ closureOf }: Runs, run: RunRecord): Promise<TraceTree['models']> {
  const members = (await closureOf(run))?.members
  const models = new Map<string, TracedModel>()
  for (const [address, { artifact }] of members ?? []) {
    if (artifact.kind !== 'model') continue
    const provider = members?.get(memberKey(artifact.spec.provider))?.artifact
    models.set(address, { id: artifact.spec.id, ...(provider?.kind === 'provider' && { providerType: provider.spec.type }) })
  }
  return models
}
