import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suggest } from '../base/suggest.ts'
import { systemErrorSentence } from '../base/system-error.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { templates } from './templates/index.ts'
import type { Template, TemplateFile } from './templates/template.ts'

export type InitResult =
  | {
      readonly outcome: 'created'
      readonly template: Template
      readonly written: readonly TemplateFile[]
      readonly kept: readonly string[]
    }
  /** The folder has a configuration: there was nothing to write. */
  | { readonly outcome: 'ready' }

/**
 * Writes a small project into a folder, which is made if need be; a folder that has a configuration is left as it is.
 * A file that is there already is never overwritten.
 *
 * @throws OperationError cli/bad-flag-value for an unknown template, cli/cannot-write
 */
export function initialize(folder: string, templateName: string): InitResult {
  const template = templates.find(({ name }) => name === templateName)
  if (template === undefined) throw unknownTemplate(templateName)
  if (filesOf(folder).some(name => name.endsWith('.flow.hcl'))) return { outcome: 'ready' }
  const written: TemplateFile[] = []
  const kept: string[] = []
  for (const file of template.files) {
    if (writeNew(join(folder, file.path), file.content)) written.push(file)
    else kept.push(file.path)
  }
  return { outcome: 'created', template, written, kept }
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    // A folder that is not there yet has no files; what else is wrong with it shows when it is written to.
    return []
  }
}

/** @returns false when there is such a file. */
function writeNew(path: string, content: string): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if (isErrorCode(error, 'EEXIST')) return false
    throw new OperationError(
      { code: 'cli/cannot-write', summary: `${path} cannot be written`, detail: systemErrorSentence(error) },
      { cause: error },
    )
  }
}

function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function unknownTemplate(name: string): OperationError {
  const names = templates.map(template => template.name)
  const suggestions = suggest(name, names)
  return new OperationError({
    code: 'cli/bad-flag-value',
    summary: `There is no template "${name}"`,
    detail: `The templates are ${names.join(', ')}: flowrun init --list-templates`,
    ...(suggestions.length === 0 ? {} : { suggestions }),
  })
}
