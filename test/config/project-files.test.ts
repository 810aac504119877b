import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { digestOfText } from '../../src/base/digest.ts'
import { parseGlob } from '../../src/config/glob.ts'
import { createProjectFiles, searchAgain } from '../../src/config/project-files.ts'
import { Report } from '../../src/diagnostics/report.ts'
import { evaluate } from '../../src/hcl/evaluate.ts'
import { fold } from '../../src/hcl/fold.ts'
import { type EvaluationContext, EXPRESSION_STEPS, type FileAccess, FunctionError } from '../../src/hcl/function.ts'
import { createFunctionTable } from '../../src/hcl/functions/index.ts'
import { toJson } from '../../src/hcl/json-value.ts'
import { parseExpression } from '../../src/hcl/parser.ts'
import { scopeOf } from '../../src/hcl/scope.ts'
import { STRING } from '../../src/hcl/type.ts'
import { isWhollyKnown, objectValue, stringValue, unknownValue, type Value } from '../../src/hcl/value.ts'

const functions = createFunctionTable({ environment: {} })

function run(text: string, files: FileAccess, names: Readonly<Record<string, Value>> = {}) {
  const report = new Report()
  const context: EvaluationContext = { scope: scopeOf(names), functions, report, budget: { remaining: EXPRESSION_STEPS }, files }
  const expression = parseExpression({ name: 'main.flow.hcl', text }, report)
  const value = evaluate(expression, context)
  const failure = report.diagnostics.map(({ code, summary, detail, subject }) => {
    const at = subject === undefined ? '' : `${subject.source.name}: ${subject.source.text.slice(subject.start, subject.end)}`
    return `${code}: ${summary}. ${detail} [${at}]`
  })
  return { value, json: isWhollyKnown(value) ? toJson(value) : undefined, failure: failure.join('\n'), expression, context }
}

const PROJECT = {
  'main.flow.hcl': '',
  'with space and 🦊.md': 'fox',
  prompts: {
    'answer.md': 'Answer in ${language}.\n%{ for topic in topics ~}\n- ${topic}\n%{ endfor ~}\n',
    'outer.md': 'Rules: ${template("prompts/part.md")}End.\n',
    'part.md': 'be kind to ${name}.\n',
    'a.md': '${template("prompts/b.md")}',
    'b.md': '${template("prompts/c.md")}',
    'c.md': '${template("./prompts/../prompts/a.md")}',
    'broken.md': 'Hello ${name\n',
    'again.tmpl': '${templatefile("prompts/part.md", {})}',
    de: { 'answer.md': 'Antworte.' },
  },
  '.flowrun': { 'state.md': 'state' },
  'bytes.bin': Buffer.from([0xff, 0xfe, 0x00]),
  'empty.txt': '',
  'bom.txt': '\ufeffafter the mark',
}

t.test('files of the project can be read', t => {
  const root = t.testdir(PROJECT)
  const files = createProjectFiles(root)
  t.equal(run('file("prompts/de/answer.md")', files).json, 'Antworte.')
  t.equal(run('file("empty.txt")', files).json, '')
  t.equal(run('file("with space and 🦊.md")', files).json, 'fox')
  t.equal(run('file("./prompts/../prompts/de/answer.md")', files).json, 'Antworte.')
  t.equal(run('file("${path.root}/prompts/de/answer.md")', files, { path: objectValue({ root: stringValue(root) }) }).json, 'Antworte.')
  t.equal(run('file("prompts/part.md")', files).json, 'be kind to ${name}.\n', 'nothing in it is interpreted')
  t.equal(run('file("bom.txt")', files).json, 'after the mark')
  t.equal(run('filebase64("bytes.bin")', files).json, '//4A')
  t.equal(run('fileexists("prompts/answer.md")', files).json, true)
  t.equal(run('fileexists("prompts/absent.md")', files).json, false)
  t.equal(run('fileexists("prompts")', files).json, false)
  t.end()
})

t.test('REL-11: what was read is known by name and digest', t => {
  const files = createProjectFiles(t.testdir(PROJECT))
  run('[file("prompts/de/answer.md"), filebase64("bytes.bin"), template("./empty.txt"), fileexists("main.flow.hcl")]', files)
  t.same([...files.reads().keys()], ['bytes.bin', 'empty.txt', 'prompts/de/answer.md'])
  t.equal(files.reads().get('prompts/de/answer.md'), digestOfText('Antworte.'))
  t.end()
})

t.test('REL-11: what was looked for is known with what was found, and with what was not', t => {
  const root = t.testdir(PROJECT)
  const files = createProjectFiles(root)
  run('[fileset("prompts", "p*.md"), fileset(".", "prompts/de/*"), fileset("absent", "**"), fileexists("later.md")]', files)
  t.same(files.searches(), [
    { path: '.', pattern: 'prompts/de/*', found: ['prompts/de/answer.md'] },
    { path: 'absent', pattern: '**', found: [] },
    { path: 'later.md', found: [] },
    { path: 'prompts', pattern: 'p*.md', found: ['prompts/part.md'] },
  ])
  for (const search of files.searches()) t.same(searchAgain(root, search), search.found)
  writeFileSync(join(root, 'later.md'), '')
  t.same(searchAgain(root, { path: 'later.md', found: [] }), ['later.md'])
  files.within(join(root, 'prompts'), root).glob('de', '*')
  t.match(files.searches(), [{}, {}, {}, {}, { path: 'prompts/de', pattern: '*', found: ['prompts/de/answer.md'] }])
  files.within(join(root, 'prompts'), join(root, 'prompts')).glob('.', 'a*')
  t.equal(files.searches().length, 5, 'a fetched module is pinned by the lock')
  t.end()
})

t.test('a file has one content during a plan', t => {
  const root = t.testdir(PROJECT)
  const files = createProjectFiles(root)
  t.equal(run('file("empty.txt")', files).json, '')
  writeFileSync(join(root, 'empty.txt'), 'later')
  t.equal(run('file("empty.txt")', files).json, '')
  t.end()
})

t.test('nothing outside of the project can be read', t => {
  const root = t.testdir({ project: PROJECT, secrets: { 'key.txt': 'key' }, 'outside.md': 'outside' })
  const project = join(root, 'project')
  symlinkSync('../outside.md', join(project, 'link.md'))
  symlinkSync('../secrets', join(project, 'folder'))
  symlinkSync('prompts/part.md', join(project, 'inner.md'))
  symlinkSync('nowhere', join(project, 'dangling.md'))
  symlinkSync('loop', join(project, 'loop'))
  const files = createProjectFiles(project)
  const paths = [
    '../outside.md',
    '/etc/passwd',
    'prompts/../../outside.md',
    'link.md',
    'folder/key.txt',
    `${root}/outside.md`,
    '..',
    'a\\u0000b',
  ]
  for (const path of paths) {
    for (const call of [
      `file("${path}")`,
      `fileexists("${path}")`,
      `template("${path}")`,
      `templatefile("${path}", {})`,
      `filebase64("${path}")`,
    ]) {
      t.match(run(call, files).failure, 'config/outside-project', call)
    }
  }
  t.match(run('fileset("..", "*")', files).failure, 'config/outside-project')
  t.match(run('fileset(".", "../*")', files).failure, 'config/outside-project')
  t.match(run('fileset("folder", "*")', files).failure, 'config/outside-project')
  t.same(run('fileset(".", "*.md")', files).json, ['inner.md', 'with space and 🦊.md'], 'links that lead out are not listed')
  t.equal(run('file("inner.md")', files).json, 'be kind to ${name}.\n', 'a link inside of the project is followed')
  t.match(run('file("dangling.md")', files).failure, 'config/no-such-file')
  t.match(run('file("loop")', files).failure, 'config/no-such-file')
  t.end()
})

t.test('a file that cannot be read is refused with a reason, at the argument', t => {
  const root = t.testdir(PROJECT)
  const files = createProjectFiles(root)
  t.match(
    run('file("prompts/anwser.md")', files).failure,
    'config/no-such-file: There is no file "prompts/anwser.md". Paths start at the folder of the project; there is "prompts/answer.md". [main.flow.hcl: "prompts/anwser.md"]',
  )
  t.match(run('template("prompts/absent.md")', files).failure, 'config/no-such-file: There is no file "prompts/absent.md"')
  t.match(run('file("prompts")', files).failure, 'config/unreadable-file: "prompts" cannot be read. A file is expected')
  t.match(run('file("bytes.bin")', files).failure, 'config/not-utf8: "bytes.bin" is not UTF-8 text')
  truncateSync(join(root, 'empty.txt'), 16 * 1024 * 1024 + 1)
  t.match(run('file("empty.txt")', files).failure, 'config/unreadable-file: "empty.txt" cannot be read. It has 16777217 bytes')
  t.match(run('file(null)', files).failure, 'hcl/null-value')
  t.match(run('template()', files).failure, 'hcl/wrong-argument-count')
  t.match(run('template("a", {})', files).failure, 'use templatefile(path, variables)')
  t.match(run('template([])', files).failure, 'hcl/wrong-argument')
  t.equal(run('try(file("absent"), "none")', files).json, 'none')
  t.end()
})

t.test('fileset() lists files by pattern', t => {
  const root = t.testdir({ ...PROJECT, node: { '.hidden.md': '', 'a1.md': '', 'b2.txt': '', deep: { er: { 'c.md': '' } } } })
  const files = createProjectFiles(root)
  const list = (directory: string, pattern: string) => run(`fileset(${JSON.stringify(directory)}, ${JSON.stringify(pattern)})`, files).json
  t.same(list('.', '*.txt'), ['bom.txt', 'empty.txt'])
  t.same(list('prompts', '**/answer.md'), ['answer.md', 'de/answer.md'])
  t.same(list('.', 'prompts/d?/*.md'), ['prompts/de/answer.md'])
  t.same(list('node', '*.md'), ['.hidden.md', 'a1.md'], 'names that begin with a dot count, as in Terraform')
  t.same(list('node', '[a-b][0-9].{md,txt}'), ['a1.md', 'b2.txt'])
  t.same(list('node', '**'), ['.hidden.md', 'a1.md', 'b2.txt', 'deep/er/c.md'])
  t.same(list('.', '**/state.md'), [], 'data of flowrun is not content of the project')
  t.same(list('absent', '*'), [])
  t.match(run('fileset(".", "[a")', files).failure, 'The pattern has a [ that is never closed')
  t.match(run('fileset(".", "{a")', files).failure, 'The pattern has a { that is never closed')
  t.end()
})

t.test('patterns for paths', t => {
  const matching: readonly (readonly [string, string])[] = [
    ['*', 'a'],
    ['*', '.a'],
    ['?', '🦊'],
    ['**', 'a/b/c'],
    ['**/c', 'c'],
    ['**/c', 'a/b/c'],
    ['a/**/c', 'a/c'],
    ['a/**/c', 'a/b/b/c'],
    ['a**', 'abc'],
    ['[!a]', 'b'],
    ['[^a]', 'b'],
    ['[]a]', ']'],
    ['[a-]', '-'],
    ['[.]', '.'],
    ['\\*', '*'],
    ['{a,b/c}', 'b/c'],
    ['{a,{b,c}}d', 'cd'],
    ['a.b', 'a.b'],
    ['a+(b)', 'a+(b)'],
    ['./a//b', 'a/b'],
    ['a,b', 'a,b'],
    ['}', '}'],
  ]
  for (const [pattern, path] of matching) t.ok(parseGlob(pattern).matches(path), `${pattern} matches ${path}`)
  const others: readonly (readonly [string, string])[] = [
    ['*', 'a/b'],
    ['?', ''],
    ['?', 'ab'],
    ['[!a]', '/'],
    ['*.md', 'amd'],
    ['a', 'A'],
    ['a', 'ab'],
    ['{a,b}', 'c'],
    ['**/c', 'ac'],
    ['a/*', 'a/b/c'],
  ]
  for (const [pattern, path] of others) t.notOk(parseGlob(pattern).matches(path), `${pattern} does not match ${path}`)
  t.notOk(parseGlob('*a'.repeat(20)).matches(`${'a'.repeat(200)}b`), 'in linear time')
  for (const pattern of ['[', '[]', '{a', '[z-a]', '*'.repeat(1001)]) t.throws(() => parseGlob(pattern), FunctionError, pattern)
  t.end()
})

t.test('template() is evaluated in the scope of the argument that calls it', t => {
  const files = createProjectFiles(t.testdir(PROJECT))
  const names = { language: stringValue('German'), topics: objectValue({ a: stringValue('tea') }), name: stringValue('cats') }
  t.equal(run('template("prompts/answer.md")', files, names).json, 'Answer in German.\n- tea\n', 'the newline at the end is kept')
  t.equal(run('template("prompts/outer.md")', files, names).json, 'Rules: be kind to cats.\nEnd.\n', 'a template includes another')
  t.equal(run('[for name in ["a", "b"] : template("prompts/part.md")][1]', files).json, 'be kind to b.\n', 'also names of a for expression')
  t.match(
    run('template("prompts/part.md")', files).failure,
    /hcl\/unknown-name: .* \[prompts\/part\.md: name\]/,
    'errors point into the file',
  )
  t.match(run('template("prompts/broken.md")', files, names).failure, '[prompts/broken.md: ')
  t.equal(
    run('[template("prompts/broken.md"), template("prompts/broken.md")]', files, names).failure.split('\n').length,
    1,
    'syntax is told once',
  )
  t.match(
    run('template("prompts/a.md")', files).failure,
    'config/template-cycle: The template prompts/a.md includes itself. It would have no end: prompts/c.md includes prompts/a.md includes prompts/b.md includes prompts/c.md.',
  )
  t.end()
})

t.test('templatefile() has only the names that it is given', t => {
  const files = createProjectFiles(t.testdir(PROJECT))
  t.equal(run('templatefile("prompts/part.md", { name = upper("cats") })', files).json, 'be kind to CATS.\n')
  t.match(run('templatefile("prompts/part.md", {})', files, { name: stringValue('cats') }).failure, 'hcl/unknown-name')
  t.match(run('templatefile("prompts/part.md", [])', files).failure, 'A map or object is required')
  t.match(run('templatefile("prompts/part.md", { "a b" = 1 })', files).failure, '"a b" cannot be a name in a template')
  t.match(run('templatefile("prompts/again.tmpl", {})', files).failure, 'cannot call it again; use template(path) there')
  t.match(run('templatefile("prompts/a.md", {})', files).failure, 'config/template-cycle')
  t.match(run('templatefile("prompts/part.md", { name = later })', files, { later: unknownValue(STRING) }).value, { kind: 'unknown' })
  t.end()
})

t.test('what is deferred inside of a template file is kept', t => {
  const files = createProjectFiles(t.testdir(PROJECT))
  const names = { name: unknownValue(STRING) }
  const { value, expression, context, failure } = run('template("prompts/outer.md")', files, names)
  t.equal(failure, '')
  t.match(value, { kind: 'unknown', type: STRING })
  t.match(fold(expression, context), {
    kind: 'template',
    parts: [{ kind: 'text', text: 'Rules: be kind to ' }, { kind: 'interpolation' }, { kind: 'text', text: '.\nEnd.\n' }],
  })
  t.match(run('template(name)', files, names).value, { kind: 'unknown' }, 'a path that is known only later')
  t.end()
})
