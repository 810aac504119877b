import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { commands } from '../../src/commands/index.ts'
import { publishedBlocks } from '../../src/config/blocks/index.ts'
import { type CodePage, codes } from '../../src/diagnostics/codes/index.ts'
import { projectRoot } from '../support/built-cli.ts'

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70

/** Files that are longer for a reason, with the reason. */
const longFiles: Readonly<Record<string, string>> = {
  'src/hcl/scanner.ts': 'one loop over characters, with its modes',
}

/** Words that have a better one, or none. */
const bannedWords: readonly (readonly [RegExp, string])[] = [
  [/\bopts\b/, 'options'],
  [/\bcfg\b/, 'configuration'],
  [/\breq\b/, 'request'],
  [/\bctx\b/, 'context'],
  [/\b(TODO|FIXME|XXX|HACK)\b/, 'do it, or write it into docs/decisions.md'],
  [/\b[Oo]ops\b/, 'say what happened'],
  [/['"`][^'"`]*\b[Pp]lease\b/, 'say what to do'],
  [/\/(work|root)\/[a-z]/, 'a path that every machine has'],
]

const sources = readAll('src/**/*.ts', 'build/**/*.ts', 'bin/*.js')
const tests = readAll('test/**/*.ts').filter(({ path }) => path !== 'test/tidy/tidy.test.ts')

function readAll(...patterns: readonly string[]): readonly { readonly path: string; readonly text: string }[] {
  return globSync([...patterns], { cwd: projectRoot })
    .sort()
    .map(path => ({ path, text: readFileSync(join(projectRoot, path), 'utf8') }))
}

t.test('files are short, and named by their one noun', t => {
  t.ok(sources.length > 100, `it saw ${sources.length} files`)
  for (const { path, text } of sources) {
    const lines = text.split('\n').length - 1
    if (lines > FILE_LINES_MAX && !(path in longFiles)) t.fail(`${path} has ${lines} lines, more than ${FILE_LINES_MAX}`)
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.[a-z]+$/.test(basename(path))) t.fail(`${path} is not in kebab-case`)
    if (/(^|-)(utils?|helpers?|manager|misc|common)\./.test(basename(path))) t.fail(`${path} has a name that says nothing`)
  }
  t.end()
})

t.test('functions are short', t => {
  for (const { path, text } of sources) {
    for (const { name, lines } of longFunctions(path, text)) t.fail(`${path}: ${name} has ${lines} lines, more than ${FUNCTION_LINES_MAX}`)
  }
  t.end()
})

function longFunctions(path: string, text: string): readonly { readonly name: string; readonly lines: number }[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: { name: string; lines: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const lines = file.getLineAndCharacterOfPosition(node.end).line - file.getLineAndCharacterOfPosition(node.getStart()).line + 1
      if (lines > FUNCTION_LINES_MAX) found.push({ name: node.name?.getText() ?? 'a function', lines })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

t.test('no banned words', t => {
  for (const { path, text } of [...sources, ...tests]) {
    for (const [index, line] of text.split('\n').entries()) {
      for (const [word, instead] of bannedWords) if (word.test(line)) t.fail(`${path}:${index + 1} has ${word}: ${instead}`)
    }
  }
  t.end()
})

t.test('every code that is used has a page, and every page is used', t => {
  const pages = new Set(Object.keys(codes))
  const users = sources.filter(({ path }) => !path.startsWith('src/diagnostics/codes/'))
  const text = users.map(user => user.text).join('\n')
  for (const code of pages) if (!text.includes(`'${code}'`)) t.fail(`nothing says ${code}`)
  for (const { path, text } of users) {
    for (const [, code = ''] of text.matchAll(/\bcode: '([^']+)'/g))
      if (code.includes('/') && !pages.has(code)) t.fail(`${path} says ${code}, which has no page`)
  }
  for (const [code, page] of Object.entries<CodePage>(codes)) {
    for (const other of page.see ?? [])
      if (/^[a-z][a-z0-9]*\/[a-z0-9-]+$/.test(other) && !pages.has(other)) t.fail(`${code} points to ${other}, which has no page`)
  }
  t.end()
})

/** Codes that no conversation can show, with the reason. */
const untold: Readonly<Record<string, readonly string[]>> = {
  'needs a text of megabytes': ['hcl/too-large', 'hcl/too-deep', 'hcl/not-unicode', 'config/too-deep', 'config/expression-too-long'],
  'takes an argument that no command has yet': ['hcl/invalid-address'],
  'needs a second person at the same instant': [
    'apply/moved',
    'apply/contended',
    'release/moved',
    'version/taken',
    'state/conflict',
    'registry/busy',
    'approval/changed',
  ],
  'needs another configuration, or several rules that say no at once': ['apply/owned-elsewhere', 'apply/refused'],
  'needs a store that somebody else has changed': [
    'registry/newer-format',
    'registry/older-format',
    'release/incompatible',
    'run/unresolved',
    'content/newer-format',
  ],
  'needs a disk with a fault, or another user': [
    'state/not-copied',
    'registry/full',
    'run/store-full',
    'registry/read-only',
    'registry/unreadable',
    'state/network-file-system',
    'postgres/refused',
  ],
  'needs a signal in the middle of a call': ['run/cancelled'],
  'needs a graph that no plan lets through, or one of 500 nodes': ['run/too-many-nodes', 'workflow/too-large'],
  'needs a value of 8 MB, or a run of 256 MB': ['run/value-too-large', 'run/journal-too-large'],
  'needs a deadline that passes between two attempts': ['gateway/deadline'],
  'needs a mistake of our own': ['node/failed', 'run/interpreter-failed'],
  'needs a kill in the middle of a call': ['run/unknown-effect', 'run/poison'],
  'needs a run that another major version began': ['interpreter/unsupported'],
  'needs a thousand signals, or a million runs': ['run/too-many-signals', 'run/ambiguous'],
  'needs a server, where no tool may start a process': ['tool/command-refused'],
}

t.test('every message that a person can meet is in a conversation', t => {
  const transcripts = readAll('test/transcripts/*.transcript', 'README.md').map(({ text }) => text)
  const told = new Set(
    transcripts.flatMap(text =>
      [...text.matchAll(/\[([a-z][a-z0-9]*\/[a-z0-9-]+)\]|"code":\s*"([a-z][a-z0-9]*\/[a-z0-9-]+)"/g)].map(([, a, b]) => a ?? b),
    ),
  )
  const excused = new Set(Object.values(untold).flat())
  for (const code of Object.keys(codes)) if (!told.has(code) && !excused.has(code)) t.fail(`no transcript shows ${code}`)
  for (const code of excused) if (told.has(code)) t.fail(`a transcript shows ${code}: it needs no excuse`)
  for (const code of excused) if (!(code in codes)) t.fail(`there is no code ${code}`)
  t.end()
})

t.test('every command file is in the index', t => {
  const classes = sources.filter(({ path, text }) => path.startsWith('src/commands/') && /export default class \w+ extends/.test(text))
  const loaded = new Set(Object.values(commands).map(load => /import\('\.\/(.+?)'\)/.exec(String(load))?.[1]))
  for (const { path } of classes) if (!loaded.has(path.slice('src/commands/'.length))) t.fail(`${path} is not in src/commands/index.ts`)
  t.equal(classes.length, loaded.size)
  t.end()
})

t.test('every published block has a schema of its artifact', t => {
  t.same(
    globSync('schemas/artifact/*.schema.json', { cwd: projectRoot })
      .map(path => basename(path, '.schema.json'))
      .sort(),
    publishedBlocks.map(({ kind }) => kind).sort(),
  )
  t.end()
})

t.test('dependencies are pinned, and the lock names no registry', t => {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Record<string, Record<string, string>>
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
    t.match(version, /^\d+\.\d+\.\d+/, name)
  t.notMatch(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'), /"resolved":/)
  t.end()
})
