import { basename } from 'node:path'
import { enumerate } from '../base/enumerate.ts'
import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block } from '../hcl/ast.ts'
import type { FunctionTable } from '../hcl/function.ts'
import { EXPRESSION_STEPS } from '../hcl/function.ts'
import { argumentRange } from './blocks/argument-range.ts'
import { decodeEnvironment, type Environment } from './blocks/environment.ts'
import { USUAL_CACHE } from './blocks/environment-stores.ts'
import { decodeFlowrun } from './blocks/flowrun.ts'
import { checkLabels, near } from './decode/body.ts'
import { checkName } from './decode/name.ts'
import type { BlockSite } from './decode/site.ts'
import type { ParsedConfiguration } from './parsed.ts'
import { createSettingsScope } from './settings-scope.ts'

/** What is read before everything else: the project's name and its environments. */
export interface Settings {
  readonly project: string
  readonly defaultEnvironment: string | undefined
  /** At least one: without an `environment` block there is `dev`. */
  readonly environments: ReadonlyMap<string, Environment>
}

export interface SettingsHost {
  readonly functions: FunctionTable
  readonly flowrunVersion: string
}

/** Decodes the `flowrun` and `environment` blocks; they may use locals of literals, `env()` and `secret()`, and no more. */
export function decodeSettings(parsed: ParsedConfiguration, host: SettingsHost, report: Report): Settings {
  const scope = createSettingsScope(parsed, host.functions)
  const site = (block: Block): BlockSite => ({
    address: [block.type, ...block.labels.map(label => label.text)].join('.'),
    where: `in ${[block.type, ...block.labels.map(label => `"${label.text}"`)].join(' ')}`,
    evaluation: { scope, functions: host.functions, report, budget: { remaining: EXPRESSION_STEPS } },
    report,
  })
  const environments = new Map<string, Environment>()
  const seen = new Set<string>()
  for (const block of parsed.blocks.filter(block => block.type === 'environment')) {
    const [label] = block.labels
    if (!checkLabels(block, ['name'], site(block)) || label === undefined || !checkName(label, report)) continue
    // Also where the first one has errors of its own, and is not among the decoded.
    if (seen.has(label.text)) reportDuplicate(block, parsed, report)
    seen.add(label.text)
    const environment = decodeEnvironment(block, label.text, site(block))
    if (environment) environments.set(label.text, environment)
  }
  if (!parsed.blocks.some(({ type }) => type === 'environment')) environments.set('dev', implicitEnvironment())
  const flowrun = decodeProject(parsed, host, site, report)
  const chosen = flowrun?.default_environment
  if (chosen !== undefined && !environments.has(chosen)) reportUnknownEnvironment(chosen, environments, report, defaultRange(parsed))
  return {
    project: flowrun?.project ?? projectNameOf(parsed.root),
    defaultEnvironment: chosen ?? (environments.size === 1 ? [...environments.keys()][0] : environments.has('dev') ? 'dev' : undefined),
    environments,
  }
}

function implicitEnvironment(): Environment {
  return {
    name: 'dev',
    protected: false,
    variables: new Map(),
    target: { type: 'embedded' },
    state: { type: 'sqlite' },
    content: { type: 'inline' },
    cache: USUAL_CACHE,
  }
}

function decodeProject(parsed: ParsedConfiguration, host: SettingsHost, site: (block: Block) => BlockSite, report: Report) {
  const [block, second] = parsed.blocks.filter(block => block.type === 'flowrun')
  if (second) {
    report.error({
      code: 'config/too-many-blocks',
      summary: 'There is more than one "flowrun" block',
      detail: 'A project has one. Merge them.',
      subject: second.headerRange,
      ...(block ? { related: [{ range: block.headerRange, message: 'the first one' }] } : {}),
    })
  }
  return block && decodeFlowrun(block, host.flowrunVersion, site(block))
}

function reportDuplicate(block: Block, parsed: ParsedConfiguration, report: Report): void {
  const first = parsed.blocks.find(other => other.type === block.type && other.labels[0]?.text === block.labels[0]?.text)
  report.error({
    code: 'config/duplicate-block',
    summary: `There are two blocks ${block.type} "${block.labels[0]?.text}"`,
    detail: 'Rename one of them, or merge them.',
    subject: block.headerRange,
    ...(first ? { related: [{ range: first.headerRange, message: 'the first one' }] } : {}),
  })
}

function defaultRange(parsed: ParsedConfiguration): SourceRange | undefined {
  const block = parsed.blocks.find(({ type }) => type === 'flowrun')
  return block && argumentRange(block, 'default_environment')
}

/** `config/unknown-environment`, as a flag, FLOWRUN_ENV or the project names one. */
export function reportUnknownEnvironment(
  name: string,
  environments: ReadonlyMap<string, unknown>,
  report: Report,
  subject?: SourceRange,
): void {
  const declared = [...environments.keys()].sort()
  report.error({
    code: 'config/unknown-environment',
    summary: `There is no environment "${name}"`,
    detail: declared.length === 1 ? `The only environment is ${declared[0]}.` : `The environments are ${enumerate(declared, 'and')}.`,
    ...(subject ? { subject, where: 'in flowrun' } : {}),
    ...near(name, declared),
  })
}

/** A directory's name as a valid label: `📦 My shop` becomes `my-shop`. */
export function projectNameOf(root: string): string {
  const name = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .replace(/-+$/, '')
    .slice(0, 63)
  return name === '' ? 'project' : name
}
