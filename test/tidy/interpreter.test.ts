import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { projectRoot } from '../support/built-cli.ts'

/** Modules that a module needs when it runs: what is imported for types alone is gone by then. */
function runtimeImports(path: string): readonly string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
  return source.statements.flatMap(statement => {
    if (!(ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement))) return []
    const { moduleSpecifier } = statement
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier) || isTypeOnly(statement)) return []
    return [moduleSpecifier.text]
  })
}

function isTypeOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly
  const clause = statement.importClause
  if (clause === undefined) return false
  const named = clause.namedBindings
  const isEmptied = named !== undefined && ts.isNamedImports(named) && named.elements.every(element => element.isTypeOnly)
  return clause.isTypeOnly || (clause.name === undefined && isEmptied)
}

t.test('DET-1: the interpreter imports no module of Node, and none from outside', t => {
  const folder = join(projectRoot, 'src/engine/interpreter')
  const open = ['interpreter.ts', 'flow-graph.ts', 'retry.ts', 'semantics.ts'].map(name => join(folder, name))
  const seen = new Map(open.map(path => [path, relative(projectRoot, path)]))
  for (const path of open) {
    for (const specifier of runtimeImports(path)) {
      const way = `${seen.get(path)} → `
      if (!specifier.startsWith('.')) {
        t.fail(`${way}${specifier}`)
        continue
      }
      const next = join(dirname(path), specifier)
      if (seen.has(next)) continue
      seen.set(next, way + relative(projectRoot, next))
      open.push(next)
    }
  }
  t.ok(open.length > 20, `it saw ${open.length} modules`)
  t.end()
})

t.test('DET-1: the interpreter reads no clock, no randomness and no environment', t => {
  for (const path of ts.sys.readDirectory(join(projectRoot, 'src/engine'), ['.ts'], undefined, ['interpreter/*', 'nodes/*.ts'])) {
    const text = readFileSync(path, 'utf8')
    t.notMatch(
      text,
      /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.|globalThis|setTimeout|await )/,
      relative(projectRoot, path),
    )
  }
  t.end()
})
