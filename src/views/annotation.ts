import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { positionAt } from '../diagnostics/source.ts'

/** GitHub's workflow command that pins a diagnostic to its line of the pull request. */
export function annotationText(diagnostic: Diagnostic): string {
  const properties = [`title=${escapeProperty(`${diagnostic.summary} [${diagnostic.code}]`)}`]
  if (diagnostic.subject) {
    const { line, column } = positionAt(diagnostic.subject.source, diagnostic.subject.start)
    properties.unshift(`file=${escapeProperty(diagnostic.subject.source.name)}`, `line=${line}`, `col=${column}`)
  }
  return `::${diagnostic.severity} ${properties.join(',')}::${escapeData(diagnostic.detail ?? diagnostic.summary)}\n`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
