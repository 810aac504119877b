import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Plugin } from '@oclif/core/config'
import { type Plugin as BundlePlugin, rolldown } from 'rolldown'
import { thirdPartyNotices } from './notices.ts'

const root = dirname(import.meta.dirname)

/**
 * What our commands use of oclif is Command, Flags and Args. Plugin discovery, its parser, its help, its spinners and how it
 * prints errors would come along, with child_process, readline and tables of colours: 20 of the 60 ms of a start.
 */
const unusedOfOclif =
  /@oclif\/core\/lib\/(config|help|parser|ux|module-loader|performance|execute|main|flush|logger|errors\/handle|util\/fs)\b|node_modules\/(wrap-ansi|clean-stack|indent-string)\//

/** Beside the bundle: the licences of what is in it, and of the price list that the catalogue of models was made from. */
const NOTICES = 'THIRD-PARTY-NOTICES'

/** Every chunk depends on it, so it can depend on none. */
const ROLLDOWN_RUNTIME = '\0rolldown/runtime.js'

/** Voice over WebRTC, in the package of Mistral: nothing here speaks. */
const VOICE = 'livekit-client'

/**
 * What is used together is one file, with all that it imports: Node takes 0.25 ms to find, read and link each, and a plan had 85 of
 * them. Each holds what those before it do not: `--version` reads only the first, help the first three.
 */
const FILES = Object.entries({
  version: /\/src\/base\/version\.ts$/,
  main: /\/src\/commands\/main\.ts$/,
  command: /\/src\/commands\/base-command\.ts$/,
  plan: /\/src\/commands\/plan\.ts$/,
  sqlite: /\/src\/(registry\/sqlite\/registry|state\/backends\/sqlite)\.ts$/,
})

const leaveOut: BundlePlugin = {
  name: 'leave-out',
  resolveId: id => (id === VOICE ? `\0${VOICE}` : null),
  load: id => {
    if (unusedOfOclif.test(id) || id === `\0${VOICE}`) return 'module.exports = {}'
    // chalk looks for terminals by itself, which loads node:tty; it is told what to do instead.
    return id.endsWith('/chalk/source/vendor/supports-color/index.js') ? 'export default { stdout: false, stderr: false }' : null
  },
}

/**
 * `import` of a built-in module makes Node read each of its exports, lazy ones too: 5 ms for node:crypto alone. A bundle
 * asks for the module itself, and reads what it uses.
 */
const lightBuiltins: BundlePlugin = {
  name: 'light-builtins',
  resolveId: {
    order: 'pre',
    handler: (id, importer, { kind }) => {
      if (!builtinModules.includes(id.replace(/^node:/, '')) || importer === ROLLDOWN_RUNTIME) return null
      // A class is read where it is imported: the ReadStream of an S3 client, 1 ms, is no matter of a plan.
      const reader = importer?.includes('/node_modules/') ? 'packages' : 'ours'
      return kind === 'require-call' ? `\0required:${id}` : `\0imported:${reader}:${id}`
    },
  },
  load: async id => {
    const [, kind, name] = /^\0(required|imported:[a-z]+):(.+)$/.exec(id) ?? []
    if (name === undefined) return null
    return kind === 'required' ? `module.exports = process.getBuiltinModule('${name}')` : await importedBuiltin(name)
  },
}

const WHOLE_PACKAGE = '\0whole-package:'

/**
 * What lazy.ts requires in the middle of an expression, where nothing can be awaited: each package becomes a chunk of its
 * own. Node's require() reads ES modules too, those that await nothing at their top.
 */
const requiredChunks: BundlePlugin = {
  name: 'required-chunks',
  resolveId: id => (id.startsWith(WHOLE_PACKAGE) ? id : null),
  load(id) {
    if (id.startsWith(WHOLE_PACKAGE)) return `import * as whole from '${id.slice(WHOLE_PACKAGE.length)}'\nexport default whole`
    if (!id.endsWith('/hcl/functions/lazy.ts')) return null
    return readFileSync(id, 'utf8').replaceAll(/load\('(.+?)'\)/g, (_, name: string) => {
      const fileName = `${name.replaceAll('/', '-')}.js`
      this.emitFile({ type: 'chunk', id: WHOLE_PACKAGE + name, fileName })
      return `load('./${fileName}').default`
    })
  },
}

/** A function loads its module when it is first called: a plan of nothing needs no node:zlib, which takes 4 ms. */
async function importedBuiltin(id: string): Promise<string> {
  const exports = Object.entries(await import(id)).filter(([name]) => name !== 'default' && name !== 'module.exports')
  const lines = exports.map(([name, value]) => {
    const isPlainFunction = typeof value === 'function' && /^[a-z]/.test(name)
    const bound = isPlainFunction ? `(...words) => load().${name}(...words)` : `/* @__PURE__ */ (() => load().${name})()`
    return `const _${name} = ${bound}\nexport { _${name} as ${name} }`
  })
  return [
    'let module',
    `const load = () => (module ??= process.getBuiltinModule('${id}'))`,
    'export default /* @__PURE__ */ (() => load())()',
    ...lines,
  ].join('\n')
}

await bundle()
await writeManifest()

/** Bundles the CLI into `dist/`: one chunk a command, shared chunks, better-sqlite3 left outside because it is native. */
async function bundle(): Promise<void> {
  const build = await rolldown({
    cwd: root,
    input: { cli: 'src/commands/cli.ts', commands: 'src/commands/all.ts' },
    platform: 'node',
    external: ['better-sqlite3'],
    plugins: [leaveOut, lightBuiltins, requiredChunks],
    checks: { eval: false },
  })
  const folder = join(root, 'dist')
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    minify: true,
    sourcemap: 'hidden',
    codeSplitting: { groups: FILES.map(([name, test], index) => ({ name, test, priority: FILES.length - index })) },
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  })
  await build.close()
  const modules = output.flatMap(file => (file.type === 'chunk' ? file.moduleIds : []))
  writeFileSync(join(folder, NOTICES), thirdPartyNotices([...modules, fileURLToPath(import.meta.resolve('@pydantic/genai-prices'))]))
  // Old chunks go last: a flowrun that is running meanwhile finds its files for as long as it can.
  const written = new Set([NOTICES, ...output.map(file => file.fileName)])
  for (const file of readdirSync(folder)) if (!written.has(file)) rmSync(join(folder, file))
}

/** oclif's manifest of all commands: names, flags, summaries. Help and completion read it and load no command. */
async function writeManifest(): Promise<void> {
  const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true, isRoot: true })
  await plugin.load()
  const { COMMANDS } = await import(join(root, 'dist/commands.js'))
  const commands = Object.keys(COMMANDS).map(id => {
    const facts = plugin.manifest.commands[id]
    // oclif puts global flags first; help shows flags in the order in which a command declares them.
    const names = [...Object.keys(COMMANDS[id].flags ?? {}), ...Object.keys(facts?.flags ?? {})]
    return [id, { ...facts, flags: Object.fromEntries(names.map(name => [name, facts?.flags[name]])) }]
  })
  const manifest = { ...plugin.manifest, commands: Object.fromEntries(commands) }
  writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(manifest, undefined, 1)}\n`)
}
