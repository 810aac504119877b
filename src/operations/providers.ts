import type { ProviderType } from '../artifact/provider.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Report } from '../diagnostics/report.ts'
import type { ProbedSecret, ProbeResult, ProviderProbe } from '../gateway/probe.ts'
import { loadProject, type OperationHost, openProject } from './project.ts'

/** The providers of the working copy, in its order. */
export interface ProviderList {
  readonly environment: string
  readonly providers: readonly ListedProvider[]
}

export interface ListedProvider {
  readonly address: string
  readonly type: ProviderType
  /** Absent where nothing is called. */
  readonly endpoint?: string
  readonly secrets: readonly ProbedSecret[]
  /** Models that call it. */
  readonly usedBy: readonly string[]
  /** What a check found; absent when none was asked for. */
  readonly check?: ProbeResult
}

export interface ProvidersOptions {
  readonly environment?: string
  readonly variables: readonly VariableFlag[]
  /** Makes one free call to each. */
  readonly check: boolean
}

export type ProvidersResult =
  | { readonly outcome: 'found'; readonly list: ProviderList }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/**
 * Each provider with its key's name and place, never the value. Contacts nothing unless a check is asked for; then all at once.
 *
 * @throws OperationError config/secret-file-readable
 */
export async function listProviders(host: OperationHost, options: ProvidersOptions): Promise<ProvidersResult> {
  const report = new Report()
  const project = openProject(host, options.environment === undefined ? {} : { environment: options.environment }, report)
  const configuration = project && loadProject(host, project, options, report, false).configuration
  if (configuration === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const probe = await host.createProviderProbe(host.workingDirectory, configuration.environment)
  try {
    const providers = await Promise.all(
      configuration.blocks.flatMap(block => listed(block, configuration.blocks, probe, options.check) ?? []),
    )
    return { outcome: 'found', list: { environment: configuration.environment.name, providers } }
  } finally {
    await probe.close()
  }
}

function listed(
  { address, artifact, digest }: CompiledBlock,
  blocks: readonly CompiledBlock[],
  probe: ProviderProbe,
  isChecked: boolean,
): Promise<ListedProvider> | undefined {
  if (artifact.kind !== 'provider') return undefined
  const { spec } = artifact
  const endpoint = probe.endpointOf(spec)
  const usedBy = blocks.flatMap(block =>
    block.artifact.kind === 'model' && block.artifact.spec.provider.$ref === address ? [block.address] : [],
  )
  const facts = { address, type: spec.type, ...(endpoint === undefined ? {} : { endpoint }), usedBy }
  return Promise.all([probe.secretsOf(spec), isChecked ? probe.check({ address, digest, spec }) : undefined]).then(([secrets, check]) => ({
    ...facts,
    secrets,
    ...(check === undefined ? {} : { check }),
  }))
}

/** Whether a check found that calls would fail. */
export function isFailedCheck(check: ProbeResult | undefined): boolean {
  return check?.outcome === 'failed' || check?.outcome === 'missing-secret'
}
