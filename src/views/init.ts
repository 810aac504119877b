import type { InitResult } from '../operations/init.ts'
import type { Template } from '../operations/templates/template.ts'
import { jsonDocument } from './json-document.ts'
import { padEnd } from './text-width.ts'

const NAME_WIDTH = 23

/** @param folder as it was typed. */
export function initText(result: InitResult, folder: string): string {
  if (result.outcome === 'ready') return 'This folder has a configuration already. Nothing was changed.\n'
  const lines = [
    `Created ${folder === '.' ? 'here' : `${folder}/`}`,
    ...result.written.map(file => `  ${padEnd(file.path, NAME_WIDTH)}${file.holds}`),
    ...(result.kept.length === 0 ? [] : ['', `Left as they were: ${result.kept.join(', ')}`]),
    '',
    result.template.note,
  ]
  return `${lines.join('\n')}\n`
}

export function initJson(result: InitResult, folder: string): string {
  const files = result.outcome === 'created' ? result.written.map(file => file.path) : []
  return jsonDocument({ folder, created: files, kept: result.outcome === 'created' ? result.kept : [] })
}

export function templatesText(templates: readonly Template[]): string {
  return templates.map(template => `${padEnd(template.name, NAME_WIDTH)}${template.summary}\n`).join('')
}

export function templatesJson(templates: readonly Template[]): string {
  return jsonDocument({ templates: templates.map(({ name, summary }) => ({ name, summary })) })
}
