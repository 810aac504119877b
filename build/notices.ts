import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
  readonly repository?: string | { readonly url: string }
}

/** Licences that ask for nothing but their text beside the code. Any other is read by a person before it gets into the bundle. */
const handedOnFreely = new Set(['MIT', 'MIT-0', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0'])

/**
 * The licences of all packages whose code is in the bundle, each text once, below the packages that it is for.
 *
 * @param files paths of the modules in the bundle, and of whatever else was taken from a package; those outside of
 *   `node_modules` are passed over.
 * @throws Error for a package without a licence, or with one that is not among those that are handed on freely.
 */
export function thirdPartyNotices(files: Iterable<string>): string {
  const folders = new Set([...files].flatMap(file => packageFolder(file) ?? []))
  const packages = new Map<string, Set<string>>()
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    const text = licenceText(folder, manifest)
    packages.set(text, (packages.get(text) ?? new Set()).add(`${manifest.name} ${manifest.version} (${manifest.license})`))
  }
  const sections = [...packages].map(([text, names]) => `${[...names].sort().join('\n')}\n\n${text}`).sort()
  return ['flowrun contains code of these packages.', ...sections].join(`\n\n${'-'.repeat(80)}\n\n`).concat('\n')
}

/** `…/node_modules/@scope/name` of a path below it: the innermost, where one package brings another. */
function packageFolder(file: string): string | undefined {
  return /^\0?(?:[\w-]+:)?(\/?.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(file)?.[1]
}

function licenceText(folder: string, manifest: Manifest): string {
  const { name, license } = manifest
  if (license === undefined || !handedOnFreely.has(license)) throw new Error(`${name} has the licence ${license}: may flowrun hand it on?`)
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isFile() && /^(licen[cs]e|copying|notice)/i.test(entry.name))
    .map(entry => readFileSync(join(folder, entry.name), 'utf8').replaceAll('\r\n', '\n').trim())
  return texts.length > 0 ? texts.sort().join('\n\n') : (readmeSection(folder) ?? fromManifest(manifest))
}

/** What a readme says below its headline "License". */
function readmeSection(folder: string): string | undefined {
  const readme = readdirSync(folder).find(name => /^readme/i.test(name))
  if (readme === undefined) return undefined
  const text = readFileSync(join(folder, readme), 'utf8').replaceAll('\r\n', '\n')
  const [section = ''] = text.split(/^#+ *licen[cs]e *\n/im).slice(1)
  return section.includes('Copyright') ? section.replace(/^#.*/ms, '').trim() : undefined
}

/** All that the package itself tells; its licence's text stands beside another package. */
function fromManifest({ name, license, author, repository }: Manifest): string {
  const holder = typeof author === 'object' ? author.name : author
  const source = typeof repository === 'object' ? repository.url : repository
  return `${license}, whose text stands elsewhere in this file${holder === undefined ? '' : `, by ${holder}`}: ${source ?? name}`
}
