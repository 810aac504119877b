import { spawnSync } from 'node:child_process'
import { globSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSync } from 'rolldown/utils'
import t, { type Test } from 'tap'
import { builtCli, projectRoot } from '../support/built-cli.ts'

const INSTALLED_MEGABYTES_MAX = 120

const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
}

t.test('what the bundle imports is a dependency, part of Node, or in the bundle', t => {
  builtCli()
  const files = globSync('dist/*.js', { cwd: projectRoot })
  t.ok(files.length > 50, `it saw ${files.length} files`)
  const found = new Set<string>()
  for (const file of files) {
    for (const name of importedBy(join(projectRoot, file))) {
      const [scope = '', rest = ''] = name.split('/')
      const owner = scope.startsWith('@') ? `${scope}/${rest}` : scope
      if (owner in manifest.dependencies) found.add(owner)
      else if (!builtinModules.includes(name.replace(/^node:/, ''))) t.fail(`${file} imports ${name}, which no installation has`)
    }
  }
  t.same([...found].sort(), Object.keys(manifest.dependencies).sort(), 'and each dependency is imported')
  t.end()
})

/** Names of all that a file of the bundle imports, but other files of it. */
function importedBy(path: string): readonly string[] {
  const text = readFileSync(path, 'utf8')
  const { staticImports, staticExports, dynamicImports } = parseSync(path, text).module
  const names = [
    ...staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...staticExports.flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? [])),
    // A path that is worked out is one of a file that somebody named, and stays as it is written.
    ...dynamicImports.map(({ moduleRequest }) => /^(['"`])([^'"`$]*)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[2]),
  ]
  return names.filter(name => name !== undefined).filter(name => !name.startsWith('.'))
}

/** Functions load these parsers in the middle of an expression, each from a chunk of its own. */
const lateParsers = `
output "late" {
  value = [yamldecode("a: 1").a, csvdecode("a\\n1")[0].a, regex("[a-z]+", "123abc")]
}
`

t.test('the package installs small, alone and without a script, and does the first five minutes', t => {
  const folder = mkdtempSync(join(tmpdir(), 'flowrun-package-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  builtCli()
  const tarballs = pack(t, folder)
  const startedAt = performance.now()
  const installation = join(folder, 'installation')
  mkdirSync(installation)
  npm(t, installation, ['install', '--prefix', installation, '--omit=dev', '--offline', '--ignore-scripts', ...tarballs])
  const seconds = (performance.now() - startedAt) / 1000
  const megabytes = sizeBytes(join(installation, 'node_modules')) / 1_000_000
  t.comment(`installed: ${megabytes.toFixed(1)} MB in ${seconds.toFixed(1)} s`)
  t.ok(megabytes <= INSTALLED_MEGABYTES_MAX, `${megabytes.toFixed(1)} MB`)
  t.match(readFileSync(join(installation, 'node_modules/flowrun/dist/THIRD-PARTY-NOTICES'), 'utf8'), /\n@oclif\/core [\d.]+ \(MIT\)\n/)

  const cli = join(installation, 'node_modules/flowrun/bin/run.js')
  t.match(run(t, cli, ['--version'], folder), /^flowrun \d+\.\d+\.\d+\n$/)
  run(t, cli, ['init', 'hello'], folder)
  const project = join(folder, 'hello')
  const flowrun = (...words: string[]) => run(t, cli, words, project)
  writeFileSync(join(project, 'late.flow.hcl'), lateParsers)
  t.match(flowrun('plan'), /Plan: 3 to add/)
  t.match(flowrun('apply', '--yes'), /Apply complete/)
  t.same(JSON.parse(flowrun('output', 'late', '--json')), [1, '1', 'abc'])
  t.match(flowrun('run', 'prompt.answer', '-e', 'dev', '--field', 'question=What is a release?'), /numbered set of versions/)
  t.end()
})

/** What a command of the installed flowrun prints, which has to succeed. */
function run(t: Test, cli: string, words: readonly string[], cwd: string): string {
  const { CI: _ci, GITHUB_ACTIONS: _github, ...environment } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { cwd, encoding: 'utf8', env: environment })
  t.equal(status, 0, `flowrun ${words.join(' ')}${status === 0 ? '' : `: ${stderr}`}`)
  return stdout
}

/** Tarballs of flowrun and of what it needs: as these stand in node_modules, so that nothing is asked of a registry. */
function pack(t: Test, folder: string): readonly string[] {
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>
  }
  const needed = Object.entries(lock.packages).filter(([, { dev, optional }]) => dev !== true && optional !== true)
  const folders = needed.map(([path]) => join(projectRoot, path))
  t.ok(folders.length < 6, `${folders.length} packages, one of which is flowrun`)
  npm(t, folder, ['pack', '--ignore-scripts', '--pack-destination', folder, ...folders])
  return globSync('*.tgz', { cwd: folder }).map(name => join(folder, name))
}

function npm(t: Test, cwd: string, words: readonly string[]): void {
  const { status, stderr } = spawnSync('npm', [...words, '--no-audit', '--no-fund'], {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  t.equal(status, 0, `npm ${words[0]} ${status === 0 ? '' : stderr}`)
}

function sizeBytes(folder: string): number {
  const files = globSync('**/*', { cwd: folder }).map(name => lstatSync(join(folder, name)))
  return files.reduce((total, file) => total + (file.isFile() ? file.size : 0), 0)
}
