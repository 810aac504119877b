import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { systemErrorSentence } from '../base/system-error.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import { formatSource } from '../hcl/format.ts'
import { parseConfig } from '../hcl/parser.ts'

const FORMATTED = /\.(flow\.hcl|flowtest\.hcl|flowvars)$/

export interface FormattedText {
  /** As it was typed or found, relative to the working folder. */
  readonly name: string
  readonly before: string
  readonly after: string
}

export interface FormatResult {
  /** Texts that are not in the standard format. */
  readonly changed: readonly FormattedText[]
  /** A text that does not parse is left alone, and told here. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface FormatOptions {
  readonly workingFolder: string
  /** Files and folders; a folder means its configuration, test and variable files. */
  readonly paths: readonly string[]
  readonly recursive: boolean
  readonly write: boolean
}

/** Puts files into the standard format. @throws OperationError cli/cannot-read, cli/cannot-write */
export function formatFiles(options: FormatOptions): FormatResult {
  const changed: FormattedText[] = []
  const diagnostics: Diagnostic[] = []
  for (const name of options.paths.flatMap(path => findFiles(path, options))) {
    const path = resolve(options.workingFolder, name)
    const result = formatText(
      name,
      orRefuse('cli/cannot-read', name, () => readFileSync(path, 'utf8')),
    )
    changed.push(...result.changed)
    diagnostics.push(...result.diagnostics)
    if (!options.write) continue
    for (const { after } of result.changed) orRefuse('cli/cannot-write', name, () => writeFileSync(path, after))
  }
  return { changed, diagnostics }
}

/** Formats one text. */
export function formatText(name: string, before: string): FormatResult {
  const report = new Report()
  parseConfig({ name, text: before }, report)
  if (report.hasErrors) return { changed: [], diagnostics: report.diagnostics }
  const after = formatSource(before)
  return { changed: after === before ? [] : [{ name, before, after }], diagnostics: [] }
}

function findFiles(path: string, { workingFolder, recursive }: FormatOptions): readonly string[] {
  const full = resolve(workingFolder, path)
  if (!orRefuse('cli/cannot-read', path, () => statSync(full)).isDirectory()) return [path]
  const entries = readdirSync(full, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap(entry => {
    const name = path === '.' ? entry.name : join(path, entry.name)
    if (entry.isFile()) return FORMATTED.test(entry.name) ? [name] : []
    const isOurs = entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules'
    return recursive && isOurs ? findFiles(name, { workingFolder, recursive, paths: [], write: false }) : []
  })
}

function orRefuse<Result>(code: 'cli/cannot-read' | 'cli/cannot-write', name: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    const verb = code === 'cli/cannot-read' ? 'read' : 'written'
    throw new OperationError({ code, summary: `${name} cannot be ${verb}`, detail: systemErrorSentence(error) }, { cause: error })
  }
}
