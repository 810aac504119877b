import { isAbsolute, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { UlidSource } from '../base/ids.ts'
import type { Environment } from '../config/blocks/environment.ts'
import type { Configuration } from '../config/configuration.ts'
import type { CompileHost } from '../config/host.ts'
import { type Loaded, loadConfiguration } from '../config/load.ts'
import { createFetchedModules } from '../config/modules/fetched.ts'
import { readModules } from '../config/modules/tree.ts'
import { type ParsedConfiguration, parseConfiguration } from '../config/parsed.ts'
import { reportMissingVariables } from '../config/resolved-variables.ts'
import { decodeSettings, reportUnknownEnvironment, type Settings } from '../config/settings.ts'
import { collectVariableInputs, environmentVariable, type VariableFlag } from '../config/variables.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Source } from '../diagnostics/source.ts'
import type { ToolServers } from '../engine/effects/tool/tool-servers.ts'
import type { BudgetReader } from '../engine/prompt/budgets.ts'
import type { PromptEngine } from '../engine/prompt-engine.ts'
import type { AnswerCache } from '../gateway/cache/answer-cache.ts'
import type { SpendingStore } from '../gateway/ledger/sqlite/store.ts'
import type { LoadReader } from '../gateway/load/reader.ts'
import type { ProviderProbe } from '../gateway/probe.ts'
import type { FunctionTable } from '../hcl/function.ts'
import { deepMarks } from '../hcl/value.ts'
import type { OpenRunEngine, OpenRuns } from './runs/access.ts'
import type { BackendRecords } from './state/backend-record.ts'
import type { OpenStores } from './stores.ts'

/** What operations need of the world; the composition root gives it. */
export interface OperationHost {
  readonly workingDirectory: string
  readonly processEnvironment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly newId: UlidSource
  readonly flowrunVersion: string
  readonly openStores: OpenStores
  /** Where the states of a project were last seen. */
  backendRecords(root: string): BackendRecords
  /** Ends early, by an error, when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>
  /** From 0 up to 1. */
  readonly random: () => number
  /** Runs prompts; secrets are looked for where the environment says, files below the project's folder. */
  createPromptEngine(root: string, settings: PromptEngineOptions): Promise<PromptEngine>
  /** Runs and their journals, to look at. */
  readonly openRuns: OpenRuns
  /** What executes runs in this process. */
  readonly openRunEngine: OpenRunEngine
  /** What calls of the project have spent, for reports: nothing is made where nothing was spent. */
  openSpending(root: string, project: string, mode?: 'read' | 'write'): Promise<SpendingStore>
  /** The answers that are kept in an environment, to look at or to clear. */
  openAnswerCache(root: string, environment: Pick<Environment, 'secrets' | 'cache'>, mode: 'read' | 'write'): Promise<AnswerCache>
  /** Breakers and rate limits of all processes that call models. */
  openLoad(root: string, environment: Pick<Environment, 'secrets' | 'cache'>): Promise<LoadReader>
  /** Looks at providers, asking no model anything; secrets are looked for where the environment says. */
  createProviderProbe(root: string, environment: Pick<Environment, 'secrets'>): Promise<ProviderProbe>
  /** Asks MCP servers what they offer; secrets are looked for where the environment says. */
  openToolServers(root: string, environment: Pick<Environment, 'secrets'>): Promise<ToolServers>
  functions(environment: Readonly<Record<string, string | undefined>>): FunctionTable
  files(root: string): CompileHost['files']
}

export interface PromptEngineOptions extends Pick<Environment, 'secrets' | 'cache'> {
  /** Whose spending it is. */
  readonly project: string
  /** For steps of runs; absent: the budgets of what they are pinned to. */
  readonly budgets?: BudgetReader
  /** Told what does not keep a call from its answer: its usage cannot be kept, its cache cannot be asked. */
  readonly onWarning: (text: string) => void
}

/** A configuration that was read, with its environment chosen. */
export interface Project {
  readonly root: string
  readonly parsed: ParsedConfiguration
  readonly settings: Settings
  readonly environment: Environment
  readonly functions: FunctionTable
  readonly files: CompileHost['files']
  /** Variables of the process environment that the configuration has read, each with whether its value is sensitive. */
  environmentReads(): ReadonlyMap<string, boolean>
}

export interface ProjectOptions {
  /** `-e`; else FLOWRUN_ENV, the project's default, the only one, `dev`. */
  readonly environment?: string
  /** A trial of the working copy does not follow FLOWRUN_ENV. */
  readonly ignoreEnvironmentVariable?: boolean
  /** The work is about all of them: any will do. */
  readonly anyEnvironment?: boolean
}

/** Reads the configuration of the working directory as far as its settings; undefined when nothing more can be said. */
export function openProject(host: OperationHost, options: ProjectOptions, report: Report): Project | undefined {
  const root = host.workingDirectory
  const written = parseConfiguration(root, host.workingDirectory, report)
  if (written === undefined) return undefined
  const { recorded, reads } = recordReads(host.processEnvironment)
  const functions = host.functions(recorded)
  const fetched = createFetchedModules(root, host.workingDirectory, report)
  const parsed = readModules(written, { workingDirectory: host.workingDirectory, functions, fetched }, report)
  const settings = decodeSettings(parsed, { functions, flowrunVersion: host.flowrunVersion }, report)
  const wanted = options.anyEnvironment
    ? [...settings.environments.keys()][0]
    : (options.environment ??
      (options.ignoreEnvironmentVariable ? undefined : host.processEnvironment.FLOWRUN_ENV) ??
      settings.defaultEnvironment)
  const environment = wanted === undefined ? undefined : settings.environments.get(wanted)
  if (environment === undefined) {
    // One that the project names itself was told with its line.
    const isTold = wanted === settings.defaultEnvironment && report.hasErrors
    if (settings.environments.size > 0 && !isTold) reportUnknownEnvironment(wanted ?? 'dev', settings.environments, report)
    return undefined
  }
  return { root, parsed, settings, environment, functions, files: host.files(root), environmentReads: reads }
}

export interface LoadOptions {
  readonly variables: readonly VariableFlag[]
  /** What a registry was asked, where there is one. */
  readonly versionOf?: CompileHost['versionOf']
  readonly publishedAt?: CompileHost['publishedAt']
  /** For whoever asks the servers anew. */
  readonly withoutServers?: true
  /** What a terminal was asked for and answered. */
  readonly answers?: Readonly<Record<string, string>>
}

/** Compiles the project. Variables without a value are reported, unless somebody can be asked for them. */
export function loadProject(host: OperationHost, project: Project, options: LoadOptions, report: Report, canAsk: boolean): Loaded {
  const answers = Object.entries(options.answers ?? {}).map(([name, text]): VariableFlag => ({ kind: 'value', name, text }))
  const variableFiles: Source[] = []
  const errorsBefore = report.errorCount
  const inputs = collectVariableInputs(
    {
      root: project.root,
      workingDirectory: host.workingDirectory,
      environment: project.environment,
      processEnvironment: host.processEnvironment,
      flags: [...options.variables.map(flag => absolute(flag, host.workingDirectory)), ...answers],
    },
    report,
    source => variableFiles.push(source),
  )
  // What a file that cannot be read would have given is not missing.
  const isComplete = report.errorCount === errorsBefore
  const { parsed, settings, environment, functions, files } = project
  const { versionOf, publishedAt, withoutServers } = options
  const compileHost: CompileHost = {
    ...{ functions, files },
    ...(versionOf ? { versionOf } : {}),
    ...(publishedAt ? { publishedAt } : {}),
    ...(withoutServers ? { servers: [] } : {}),
  }
  const loaded = loadConfiguration({ parsed, settings, environment, variables: inputs, variableFiles, host: compileHost }, report)
  if (!canAsk && isComplete) reportMissingVariables(loaded.missing, report)
  return loaded
}

function absolute(flag: VariableFlag, workingDirectory: string): VariableFlag {
  return flag.kind === 'file' && !isAbsolute(flag.path) ? { ...flag, path: join(workingDirectory, flag.path) } : flag
}

/** What gives values to the variables: one that is not set may be set when a saved plan is applied. */
export function variableReads({ variables }: Configuration): ReadonlyMap<string, boolean> {
  return new Map([...variables].map(([name, value]) => [environmentVariable(name), deepMarks(value) !== 0]))
}

/** The environment as functions see it, and what they have looked at: a saved plan is stale when one of these has changed (REL-11). */
function recordReads(environment: OperationHost['processEnvironment']) {
  const read = new Set<string>()
  const recorded = new Proxy(environment, {
    get(target, name: string) {
      read.add(name)
      return target[name]
    },
  })
  // What env() gives is sensitive.
  return { recorded, reads: () => new Map([...read].map(name => [name, true])) }
}
