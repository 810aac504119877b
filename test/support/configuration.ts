import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { createApp } from '../../src/app.ts'
import type { Artifact, ArtifactKind } from '../../src/artifact/envelope.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { Configuration } from '../../src/config/configuration.ts'
import type { CompileHost } from '../../src/config/host.ts'
import type { CompiledBlock } from '../../src/config/instance.ts'
import type { VariableFlag } from '../../src/config/variables.ts'
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts'
import { Report } from '../../src/diagnostics/report.ts'
import { loadProject, type OperationHost, openProject } from '../../src/operations/project.ts'
import { projectRoot } from './built-cli.ts'

/** Text of `main.flow.hcl`, or of files by path. */
export type ProjectText = string | Readonly<Record<string, string>>

export interface CompileOptions {
  readonly environment?: string
  readonly flags?: readonly VariableFlag[]
  readonly processEnvironment?: Readonly<Record<string, string>>
  readonly versionOf?: CompileHost['versionOf']
  readonly canAsk?: boolean
}

/** What came of compiling a project. */
export interface Compiled {
  readonly configuration: Configuration | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Names of variables that nobody gave a value. */
  readonly missing: readonly string[]
  block(address: string): CompiledBlock
  spec<Kind extends ArtifactKind>(kind: Kind, name: string): Extract<Artifact, { kind: Kind }>['spec']
}

let allFolders: string | undefined

function removedAtExit(folder: string): string {
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes the files of a project into a new folder, which is removed when the process ends. */
export function projectFolder(text: ProjectText, name = 'project'): string {
  allFolders ??= removedAtExit(mkdtempSync(join(tmpdir(), 'flowrun-test-')))
  const base = mkdtempSync(join(allFolders, 'p'))
  const folder = join(base, name)
  mkdirSync(folder)
  writeProject(folder, text)
  return folder
}

export function writeProject(folder: string, text: ProjectText): void {
  for (const [path, content] of Object.entries(typeof text === 'string' ? { 'main.flow.hcl': text } : text)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

/** flowrun in a folder, over its real stores. */
export function hostIn(folder: string, environment: Readonly<Record<string, string>> = {}, clock = systemClock): OperationHost {
  return createApp({ environment, clock, random: randomBytes, workingFolder: () => folder })
}

/** Compiles a project as commands do. */
export function compile(text: ProjectText, options: CompileOptions = {}): Compiled {
  const host = hostIn(projectFolder(text), options.processEnvironment)
  const report = new Report()
  const project = openProject(host, options.environment === undefined ? {} : { environment: options.environment }, report)
  const { versionOf, flags = [], canAsk = false } = options
  const loaded = project && loadProject(host, project, { variables: flags, ...(versionOf ? { versionOf } : {}) }, report, canAsk)
  const configuration = loaded?.configuration
  for (const { address, artifact } of configuration?.blocks ?? []) requireValid(address, artifact)
  const block = (address: string): CompiledBlock => {
    const found = configuration?.blocks.find(candidate => candidate.address === address)
    if (found) return found
    throw new Error(`there is no ${address}: ${report.diagnostics.map(({ code, summary }) => `${code} ${summary}`).join('; ')}`)
  }
  return {
    configuration,
    diagnostics: report.diagnostics,
    missing: (loaded?.missing ?? []).map(({ name }) => name),
    block,
    spec: (kind, name) => block(`${kind}.${name}`).artifact.spec as never,
  }
}

const validators = new Map<string, ValidateFunction>()

/** Every artifact that a test compiles fits the schema of its kind. */
function requireValid(address: string, artifact: Artifact): void {
  const { kind } = artifact
  let validate = validators.get(kind)
  if (validate === undefined) {
    const schema = JSON.parse(readFileSync(join(projectRoot, `schemas/artifact/${kind}.schema.json`), 'utf8'))
    validate = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(schema)
    validators.set(kind, validate)
  }
  if (!validate(artifact)) throw new Error(`${address} does not fit its schema: ${JSON.stringify(validate.errors, undefined, 2)}`)
}

/** The diagnostics in short: `config/out-of-range "3"`, with the text that is underlined. */
export function told(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ code, subject }) =>
    subject === undefined ? code : `${code} ${JSON.stringify(subject.source.text.slice(subject.start, subject.end))}`,
  )
}

/** A provider and a model that need no network, for configurations about something else. */
export const MODEL = `provider "simulated" {}

model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
}
`

/** A prompt with the given lines in it. */
export function prompt(...lines: readonly string[]): string {
  return `${MODEL}
prompt "answer" {
  model = model.fast
${lines.map(line => `  ${line.replaceAll('\n', '\n  ')}\n`).join('')}}
`
}
