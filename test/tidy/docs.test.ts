import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { commands } from '../../src/commands/index.ts'
import { codes } from '../../src/diagnostics/codes/index.ts'
import { Report } from '../../src/diagnostics/report.ts'
import { parseConfig } from '../../src/hcl/parser.ts'
import { validate } from '../../src/operations/validate.ts'
import { projectRoot } from '../support/built-cli.ts'
import { hostIn, projectFolder } from '../support/configuration.ts'

interface Page {
  readonly path: string
  readonly text: string
  readonly blocks: readonly CodeBlock[]
}

/** A fenced block, with the word or words after its fence. */
interface CodeBlock {
  readonly language: string
  readonly text: string
  readonly line: number
}

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')
const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: projectRoot }).sort()].map((path): Page => {
  const text = read(path)
  return { path, text, blocks: codeBlocks(text) }
})

function codeBlocks(text: string): readonly CodeBlock[] {
  return [...text.matchAll(/^( *)(`{3,})(.*)\n([\s\S]*?)^\1\2$/gm)].map(({ index, 3: language = '', 4: body = '' }) => ({
    language: language.trim(),
    text: body,
    line: text.slice(0, index).split('\n').length,
  }))
}

const inLanguage = (language: string, from = pages) =>
  from.flatMap(({ path, blocks }) => blocks.filter(block => block.language === language).map(block => ({ ...block, path })))

/** The conversations as a person sees them: without what the replay needs to know. */
const conversations = globSync('test/transcripts/*.transcript', { cwd: projectRoot }).map(path =>
  read(path)
    .split('\n')
    .filter(line => !/^\[(type .*|[a-z0-9]+ \{.*\})\]$/.test(line))
    .join('\n'),
)

t.test('every conversation of the docs is one that a transcript holds', t => {
  // The one of README is replayed itself; what stands after `>` is asked of the evaluator in test/hcl/evaluate.test.ts.
  const shown = inLanguage(
    'console',
    pages.filter(({ path }) => path.startsWith('docs/')),
  ).filter(({ text }) => !text.startsWith('> '))
  t.ok(shown.length > 5, `it saw ${shown.length} conversations`)
  for (const { path, line, text } of shown) {
    const wanted = `\n${text.replace(/^\n+/, '').trimEnd()}\n`
    if (!conversations.some(conversation => conversation.includes(wanted))) t.fail(`${path}:${line} is in no transcript`)
  }
  t.end()
})

t.test('every configuration of the docs is valid', async t => {
  const whole = inLanguage('hcl')
  // README shows the configuration of examples/hello.
  const files = { 'prompts/answer.md': read('examples/hello/prompts/answer.md') }
  t.ok(whole.length > 3, `it saw ${whole.length} configurations`)
  for (const { path, line, text } of whole) {
    const diagnostics = await validate(hostIn(projectFolder({ ...files, 'main.flow.hcl': text })), { variables: [] })
    const errors = diagnostics.filter(({ severity }) => severity === 'error').map(({ code, summary }) => `${code} ${summary}`)
    t.same(errors, [], `${path}:${line}`)
  }
})

t.test('every fragment of configuration in the docs can be read', t => {
  for (const { path, line, text } of inLanguage('hcl fragment')) {
    const report = new Report()
    parseConfig({ name: path, text }, report)
    t.same(
      report.diagnostics.map(({ summary }) => summary),
      [],
      `${path}:${line}`,
    )
  }
  for (const { path, blocks } of pages) {
    for (const { language, line } of blocks) {
      if (/^(hcl( fragment)?|console|sh|ts|json|yaml|text|markdown|)$/.test(language)) continue
      t.fail(`${path}:${line}: nothing checks a block of ${language}`)
    }
  }
  t.end()
})

t.test('every relative link of the docs leads to a file', t => {
  for (const { path, text } of pages) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^([a-z]+:|#)/.test(target)) continue
      const [file = ''] = target.split('#')
      if (!existsSync(join(projectRoot, dirname(path), file))) t.fail(`${path} links to ${target}`)
    }
  }
  t.end()
})

t.test('every command that the docs name is there', t => {
  for (const { path, text, blocks } of pages) {
    const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
    const typed = blocks.filter(({ language }) => language === 'console' || language === 'sh').flatMap(block => block.text.split('\n'))
    for (const words of [...spans, ...typed]) {
      for (const [, name = ''] of words.matchAll(/(?:^|[\s|&;$(])flowrun(?: -[^\s]+)* ([a-z][a-z-]*)(?=\s|$|[`);|])/g)) {
        if (!(name in commands) && !Object.keys(commands).some(command => command.startsWith(`${name} `)))
          t.fail(`${path}: flowrun ${name}`)
      }
    }
  }
  t.end()
})

t.test('every code that the docs name is there', t => {
  const areas = new Set(Object.keys(codes).map(code => code.split('/')[0] ?? ''))
  for (const { path, text } of pages) {
    for (const [, code = ''] of text.matchAll(/[`[]([a-z][a-z0-9]*\/[a-z]+(?:-[a-z0-9]+)*)[`\]]/g)) {
      if (areas.has(code.split('/')[0] ?? '') && !(code in codes)) t.fail(`${path}: ${code}`)
    }
  }
  t.end()
})
