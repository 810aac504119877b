import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'

/** Where a module comes from. */
export type ModuleSource = LocalSource | GitSource

/** A folder of the project, or of the repository that the calling module was fetched from. */
export interface LocalSource {
  readonly kind: 'local'
  /** Relative to the folder of the caller. */
  readonly path: string
}

/** One tree of a repository. */
export interface GitSource {
  readonly kind: 'git'
  /** As git takes it: `https://example.com/kb.git`. */
  readonly url: string
  /** A tag, or all digits of a commit; whether it is a branch is known only to the repository. */
  readonly ref: string
  /** The module's folder in the repository; empty for its top. */
  readonly folder: string
}

/** Why a text is no source. */
export type SourceProblem = Pick<DiagnosticInput, 'code' | 'summary' | 'detail' | 'suggestions'> & { readonly kind: 'problem' }

const SCHEMES = ['https:', 'ssh:', 'file:']
/** No option of git, no path upwards, nothing that a shell or a URL would read in another way. */
const REF = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/+-]*$/
const FORMS = 'Write a folder, "./modules/NAME", or a version in a repository: "git::https://HOST/REPOSITORY.git//FOLDER?ref=TAG".'

export function parseModuleSource(text: string): ModuleSource | SourceProblem {
  if (/^\.\.?(\/|$)/.test(text)) return { kind: 'local', path: text }
  if (text.startsWith('git::')) return parseGitSource(text)
  const looksLocal = /^[a-z0-9_-]+(\/[a-z0-9_.-]+)*$/i.test(text)
  return {
    kind: 'problem',
    code: 'config/bad-source',
    summary: `"${text}" is not the source of a module`,
    detail: FORMS,
    ...(looksLocal ? { suggestions: [`"./${text}"`] } : {}),
  }
}

/** `git::https://example.com/kb.git`, as the lock names a repository: the same for all folders and versions of it. */
export function repositoryName({ url }: Pick<GitSource, 'url'>): string {
  return `git::${url}`
}

/** `git::https://example.com/kb.git?ref=v1.2.0`, as messages name what is fetched. */
export function formatGitSource(source: GitSource): string {
  return `${repositoryName(source)}?ref=${source.ref}`
}

function parseGitSource(text: string): GitSource | SourceProblem {
  const [whole = '', query = ''] = splitAt(text.slice('git::'.length), '?')
  // The first double slash belongs to the scheme.
  const cut = whole.indexOf('//', whole.indexOf('://') + 3)
  const [url, folder] = cut < 0 ? [whole, ''] : [whole.slice(0, cut), whole.slice(cut + 2).replace(/\/+$/, '')]
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || folder.split('/').includes('..')) return badSource(text)
  // The user of ssh is a name; that of https may be a token.
  if (parsed.password !== '' || (parsed.protocol !== 'ssh:' && parsed.username !== '')) return keyInSource()
  if (!SCHEMES.includes(parsed.protocol)) return badScheme(text, parsed.protocol)
  const parameters = new URLSearchParams(query)
  const [other] = [...parameters.keys()].filter(name => name !== 'ref')
  const ref = parameters.get('ref') ?? ''
  if (ref === '') return noRef(text)
  return other === undefined && REF.test(ref) ? { kind: 'git', url, ref, folder } : badSource(text)
}

function splitAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)]
}

function badSource(text: string): SourceProblem {
  return { kind: 'problem', code: 'config/bad-source', summary: `"${text}" is not the source of a module`, detail: FORMS }
}

function badScheme(text: string, protocol: string): SourceProblem {
  if (protocol !== 'http:') return badSource(text)
  return {
    kind: 'problem',
    code: 'config/insecure-url',
    summary: `"${text}" is not encrypted`,
    detail: 'Write git::https:// or git::ssh://: what is fetched decides what is published.',
  }
}

function noRef(text: string): SourceProblem {
  return {
    kind: 'problem',
    code: 'config/moving-source',
    summary: `"${text}" names no version`,
    detail: 'Add a tag or all digits of a commit: ?ref=v1.2.0. Without one a plan would mean something else every day.',
  }
}

/** It says nothing of the source: a password is in it. */
function keyInSource(): SourceProblem {
  return {
    kind: 'problem',
    code: 'config/plain-secret',
    summary: 'The source of a module holds a password as plain text',
    detail: 'Take it out. Git asks its credential helper for a password, and ssh takes the key of its agent.',
  }
}
