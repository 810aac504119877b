import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { type Digest, digestOfText } from '../base/digest.ts'
import { suggest } from '../base/suggest.ts'
import type { DiagnosticCode } from '../diagnostics/codes/index.ts'
import { type FileAccess, FunctionError } from '../hcl/function.ts'
import { byCodePoint } from '../hcl/value.ts'
import { type Glob, parseGlob } from './glob.ts'

/** Largest file that a function reads. */
const MAX_FILE_BYTES = 16 * 1024 * 1024
/** Most files and folders that one fileset() looks at. */
const MAX_VISITED = 100_000
/** Folders of tools, which fileset() does not enter: their content changes with every apply and commit. */
const HIDDEN = new Set(['.git', '.flowrun'])

/** What `fileset` and `fileexists` looked for and found: paths relative to the project with forward slashes, in code point order. */
export interface Search {
  /** A file; with a pattern the folder that the pattern starts at. */
  readonly path: string
  readonly pattern?: string
  readonly found: readonly string[]
}

/** The files of a project, as functions read them. Each is read once, so that one plan sees one content. */
export interface ProjectFiles extends FileAccess {
  /** What was read so far, by path relative to the project with forward slashes: a saved plan is bound to it (REL-11). */
  reads(): ReadonlyMap<string, Digest>
  /** What was looked for so far: a saved plan is bound to what was found, and to what was not. */
  searches(): readonly Search[]
  /**
   * The same files as a module sees them, whose paths start at its own folder. What lies below another `boundary`, as a
   * fetched module does, is in neither list.
   */
  within(folder: string, boundary: string): FileAccess
}

/** Where paths start, and which folder they must stay in; both absolute. */
interface Place {
  readonly folder: string
  readonly boundary: string
  /** What a message calls the folder: `the project`. */
  readonly called: string
}

/**
 * @param root the folder of the project. Paths are relative to it; absolute ones, as `path.root` makes them, must lead
 * into it. Links are followed before the check, so that none leads out.
 */
export function createProjectFiles(root: string): ProjectFiles {
  const contents = new Map<string, Buffer>()
  const digests = new Map<string, Digest>()
  const searches = new Map<string, Search>()
  const nameOf = (absolute: string) => relative(root, absolute).split(sep).join('/') || '.'

  function viewOf(place: Place): FileAccess {
    function read(path: string): Buffer {
      const name = nameOf(resolve(place.folder, path))
      const real = locate(place, path)
      const content = contents.get(real) ?? readContent(real, name)
      contents.set(real, content)
      if (place.boundary === root) digests.set(name, digestOfText(content))
      return content
    }
    function exists(path: string): boolean {
      const isThere = fileExists(place, path)
      const name = nameOf(resolve(place.folder, path))
      if (place.boundary === root) searches.set(name, { path: name, found: isThere ? [name] : [] })
      return isThere
    }
    function glob(directory: string, pattern: string): readonly string[] {
      const found = listFiles(place, directory, parseGlob(pattern))
      const folder = resolve(place.folder, directory)
      const path = nameOf(folder)
      if (place.boundary === root)
        searches.set(`${path}\0${pattern}`, { path, pattern, found: found.map(name => nameOf(join(folder, name))) })
      return found
    }
    const nameIn = (path: string) => nameOf(resolve(place.folder, path))
    return {
      nameOf: nameIn,
      readBytes: read,
      readText: path => decodeText(read(path), nameIn(path)),
      exists,
      glob,
    }
  }

  return {
    ...viewOf({ folder: root, boundary: root, called: 'the project' }),
    within: (folder, boundary) => viewOf({ folder, boundary, called: 'the module' }),
    reads: () => new Map([...digests].sort(([a], [b]) => byCodePoint(a, b))),
    searches: () => [...searches].sort(([a], [b]) => byCodePoint(a, b)).map(([, search]) => search),
  }
}

/** What the same search finds in the project now; nothing where its folder is gone. */
export function searchAgain(root: string, { path, pattern }: Search): readonly string[] {
  const files = createProjectFiles(root)
  try {
    if (pattern === undefined) files.exists(path)
    else files.glob(path, pattern)
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error
  }
  return files.searches().flatMap(({ found }) => found)
}

function refuse(code: DiagnosticCode, summary: string, message: string): FunctionError {
  return new FunctionError(message, 0, { code, summary })
}

/** The real path of a file or folder of the project. */
function locate(place: Place, path: string): string {
  const absolute = resolve(place.folder, path)
  if (!isInside(place.boundary, absolute) || path.includes('\0')) throw outside(path)
  const real = realPath(absolute)
  if (real === undefined) throw absent(place, absolute)
  if (!isInside(realpathSync(place.boundary), real)) throw outside(path)
  return real
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Whether a path is the folder, or below it; both absolute, links not followed. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function outside(path: string): FunctionError {
  return refuse(
    'config/outside-project',
    `${JSON.stringify(path)} is outside of the project`,
    'functions read files of the project only, and links are followed before the check. Put the file inside of it',
  )
}

function absent(place: Place, absolute: string): FunctionError {
  const name = pathFrom(place, absolute)
  const [near] = suggest(name, neighbours(place, absolute))
  const cure = `paths start at the folder of ${place.called}${near === undefined ? '' : `; there is ${JSON.stringify(near)}`}`
  return refuse('config/no-such-file', `There is no file ${JSON.stringify(name)}`, cure)
}

/** What is in the folder of an absent file. */
function neighbours(place: Place, absolute: string): readonly string[] {
  const folder = resolve(absolute, '..')
  return entriesOf(folder)
    .filter(entry => entry.isFile())
    .map(entry => pathFrom(place, join(folder, entry.name)))
}

function pathFrom({ folder }: Place, absolute: string): string {
  return relative(folder, absolute).split(sep).join('/')
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function readContent(real: string, name: string): Buffer {
  const unreadable = (why: string) => refuse('config/unreadable-file', `${JSON.stringify(name)} cannot be read`, why)
  const { size, isFile } = kindOf(real)
  if (!isFile) throw unreadable('a file is expected, and this is a folder or something else')
  if (size > MAX_FILE_BYTES) throw unreadable(`it has ${size} bytes, and a file may have at most ${MAX_FILE_BYTES}`)
  try {
    return readFileSync(real)
  } catch (error) {
    throw unreadable(`the system says: ${error instanceof Error ? error.message.replace(/,.*/, '') : 'no reason'}`)
  }
}

function kindOf(real: string): { readonly size: number; readonly isFile: boolean } {
  const stats = statSync(real)
  return { size: stats.size, isFile: stats.isFile() }
}

function decodeText(content: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    throw refuse('config/not-utf8', `${JSON.stringify(name)} is not UTF-8 text`, 'save it as UTF-8; filebase64() reads a file of any kind')
  }
}

/** What is outside of the project is refused, not absent. */
function fileExists(place: Place, path: string): boolean {
  try {
    return kindOf(locate(place, path)).isFile
  } catch (error) {
    if (error instanceof FunctionError && error.named?.code === 'config/no-such-file') return false
    throw error
  }
}

function listFiles({ folder: from, boundary }: Place, directory: string, glob: Glob): readonly string[] {
  const start = resolve(from, directory, ...glob.base)
  if (!isInside(boundary, start)) throw outside(join(directory, ...glob.base))
  const found: string[] = []
  let visited = 0
  const walk = (folder: string, parts: readonly string[]) => {
    for (const entry of entriesOf(folder)) {
      if (++visited > MAX_VISITED) throw new FunctionError(`there are more than ${MAX_VISITED} files to look at; name a folder`, 0)
      const path = [...parts, entry.name]
      const isDeepEnough = glob.depth !== undefined && path.length >= glob.depth
      if (entry.isDirectory()) {
        if (!isDeepEnough && !HIDDEN.has(entry.name)) walk(join(folder, entry.name), path)
      } else if (glob.matches(path.join('/')) && isProjectFile(boundary, join(folder, entry.name))) {
        found.push(path.join('/'))
      }
    }
  }
  const real = realPath(start)
  if (real !== undefined && !isInside(realpathSync(boundary), real)) throw outside(directory)
  walk(start, glob.base)
  return found.sort(byCodePoint)
}

/** A link counts when it leads to a file of the project. */
function isProjectFile(root: string, path: string): boolean {
  const real = realPath(path)
  return real !== undefined && isInside(realpathSync(root), real) && kindOf(real).isFile
}
