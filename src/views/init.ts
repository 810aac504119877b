import type { InitResult } from '../operations/init.ts'
import type { Prepared } from '../operations/modules/prepare.ts'
import type { Template } from '../operations/templates/template.ts'
import { jsonDocument } from './json-document.ts'
import { padEnd } from './text-width.ts'

const NAME_WIDTH = 23

/** Modules of repositories, where the folder had a configuration. */
type PreparedModules = Extract<Prepared, { outcome: 'prepared' }> | undefined

/** @param folder as it was typed. */
export function initText(result: InitResult, folder: string, prepared?: PreparedModules): string {
  if (result.outcome === 'ready') return preparedText(prepared)
  const lines = [
    `Created ${folder === '.' ? 'here' : `${folder}/`}`,
    ...result.written.map(file => `  ${padEnd(file.path, NAME_WIDTH)}${file.holds}`),
    ...(result.kept.length === 0 ? [] : ['', `Left as they were: ${result.kept.join(', ')}`]),
    '',
    result.template.note,
  ]
  return `${lines.join('\n')}\n`
}

/** What was fetched, and from which commit. */
function preparedText(prepared: PreparedModules): string {
  const modules = prepared?.modules ?? []
  const servers = prepared?.servers ?? []
  const fetched = modules.filter(({ action }) => action !== 'kept')
  const kinds = [...(modules.length > 0 ? ['modules'] : []), ...(servers.length > 0 ? ['tools'] : [])].join(' and ')
  const lock =
    prepared?.lock === 'written' ? `Wrote .flowrun.lock.hcl. Commit it: with it everybody plans with the same ${kinds || 'modules'}.\n` : ''
  const isReachable = servers.every(({ action }) => action !== 'unreachable')
  const standing = [
    ...(modules.length > 0 ? ['its modules are here'] : []),
    ...(servers.length > 0 && isReachable ? ['its tools are as they are locked'] : []),
  ]
  if (fetched.length === 0 && lock === '')
    return `${['This folder has a configuration already', ...standing].join(', and ')}. Nothing was changed.\n`
  const lines = fetched.map(
    ({ source, commit, action }) => `${action === 'upgraded' ? 'Upgraded' : 'Fetched'} ${source}, commit ${commit.slice(0, 8)}\n`,
  )
  const locked = servers
    .filter(({ action }) => action === 'locked' || action === 'upgraded')
    .map(({ server, tools, action }) => `${action === 'upgraded' ? 'Upgraded' : 'Locked'} ${tools.join(', ')} of ${server}\n`)
  return lines.join('') + locked.join('') + lock
}

export function initJson(result: InitResult, folder: string, prepared?: PreparedModules): string {
  const files = result.outcome === 'created' ? result.written.map(file => file.path) : []
  return jsonDocument({
    folder,
    created: files,
    kept: result.outcome === 'created' ? result.kept : [],
    modules: (prepared?.modules ?? []).map(({ source, commit, action }) => ({ source, commit, action })),
    ...(prepared &&
      prepared.servers.length > 0 && { tool_servers: prepared.servers.map(({ server, tools, action }) => ({ server, tools, action })) }),
  })
}

export function templatesText(templates: readonly Template[]): string {
  return templates.map(template => `${padEnd(template.name, NAME_WIDTH)}${template.summary}\n`).join('')
}

export function templatesJson(templates: readonly Template[]): string {
  return jsonDocument({ templates: templates.map(({ name, summary }) => ({ name, summary })) })
}
