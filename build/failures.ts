export interface Failure {
  /** The names from the file down to the assertion. */
  readonly path: readonly string[]
  /** What was expected and what came, as tap wrote it. */
  readonly diagnostics: string
}

const DIAGNOSTICS_LINES = 60

/** The assertions that failed in a TAP text. A parent comes after its children, less indented than they are; a parent fails because they did. */
export function listFailures(tap: string): readonly Failure[] {
  const lines = tap.split('\n')
  let failures: { readonly indent: number; readonly failure: Failure }[] = []
  for (const [index, line] of lines.entries()) {
    const found = /^( *)not ok \d+ - (.*?)(?: # time=.*)?$/.exec(line)
    if (found === null) continue
    const [, { length: indent } = '', name = ''] = found
    const adopt = (child: (typeof failures)[number]) => ({ indent, failure: { ...child.failure, path: [name, ...child.failure.path] } })
    const isParent = failures.some(child => child.indent > indent)
    failures = failures.map(child => (child.indent > indent ? adopt(child) : child))
    if (!isParent) failures.push({ indent, failure: { path: [name], diagnostics: readDiagnostics(lines, index + 1, indent) } })
  }
  return failures.map(({ failure }) => failure)
}

/** A YAML block, between `---` and `...`, two columns right of the line that it belongs to. */
function readDiagnostics(lines: readonly string[], from: number, indent: number): string {
  const edge = ' '.repeat(indent + 2)
  if (lines[from] !== `${edge}---`) return ''
  const end = lines.indexOf(`${edge}...`, from)
  return lines
    .slice(from + 1, Math.min(end === -1 ? lines.length : end, from + 1 + DIAGNOSTICS_LINES))
    .map(line => line.slice(indent))
    .join('\n')
}
