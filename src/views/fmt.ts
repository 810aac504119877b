import { createTwoFilesPatch } from 'diff'
import type { FormatResult } from '../operations/format.ts'
import { diagnosticsJson } from './diagnostic-json.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'

/** Names of texts that changed, and with `diff` what changed in them. */
export function fmtText(result: FormatResult, show: { readonly list: boolean; readonly diff: boolean }, style: Style): string {
  return result.changed
    .map(({ name, before, after }) => `${show.list ? `${name}\n` : ''}${show.diff ? patchText(name, before, after, style) : ''}`)
    .join('')
}

function patchText(name: string, before: string, after: string, style: Style): string {
  const patch = createTwoFilesPatch(`old/${name}`, `new/${name}`, before, after, undefined, undefined, {
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  })
  return patch
    .split('\n')
    .map(line => (line.startsWith('+') ? style.paint.add(line) : line.startsWith('-') ? style.paint.remove(line) : line))
    .join('\n')
}

export function fmtJson(result: FormatResult): string {
  return jsonDocument({ changed: result.changed.map(({ name }) => name), diagnostics: diagnosticsJson(result.diagnostics) })
}
