import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { mergeDiagnostics } from '../diagnostics/merge.ts'
import { Report } from '../diagnostics/report.ts'
import { checkWindows } from '../plan/window.ts'
import { loadProject, type OperationHost, openProject } from './project.ts'

export interface ValidateOptions {
  readonly variables: readonly VariableFlag[]
  /** One environment only; the default is all of them. */
  readonly environment?: string
}

/** Checks the whole configuration for every environment. Contacts nothing, and needs no secret and no value of a variable. */
export async function validate(host: OperationHost, options: ValidateOptions): Promise<readonly Diagnostic[]> {
  const report = new Report()
  const first = openProject(
    host,
    { ...(options.environment ? { environment: options.environment } : {}), ignoreEnvironmentVariable: true },
    report,
  )
  if (first === undefined) return report.diagnostics
  const names = options.environment ? [options.environment] : [...first.settings.environments.keys()]
  const passes: (readonly Diagnostic[])[] = []
  for (const environment of names) {
    const own = new Report()
    const project = openProject(host, { environment }, own)
    const loaded = project && loadProject(host, project, options, own, true)
    if (loaded?.configuration)
      await checkWindows(loaded.configuration, new Set(loaded.configuration.blocks.map(({ address }) => address)), own)
    passes.push(own.diagnostics)
  }
  return mergeDiagnostics(passes)
}
