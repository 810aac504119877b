import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Digest, digestOfText, shortDigest } from '../base/digest.ts'
import { enumerate } from '../base/enumerate.ts'
import { configurationFiles } from '../config/parsed.ts'
import { searchAgain } from '../config/project-files.ts'
import { variableFiles } from '../config/variables.ts'
import { movedReads } from '../plan/environment-reads.ts'
import type { Plan } from '../plan/plan.ts'

/** One thing that a saved plan was made from and that is different now: a row of `apply/stale-plan`. */
export interface Moved {
  readonly what: 'file' | 'variable' | 'release' | 'version' | 'state'
  readonly text: string
}

/**
 * What differs between the configuration on disk and the one that a plan was made from. Without a configuration in the
 * folder a plan is self-contained, and nothing differs (REL-11).
 */
export function movedInputs(plan: Plan, root: string, processEnvironment: Readonly<Record<string, string | undefined>>): readonly Moved[] {
  const present = configurationFiles(root)
  if (present.length === 0) return []
  const files = Object.entries(plan.inputs.files).flatMap(([name, digest]) => movedFile(root, name, digest))
  const searches = (plan.inputs.searches ?? []).map(search => ({ before: new Set(search.found), now: new Set(searchAgain(root, search)) }))
  const unread = (names: readonly string[]) => [...new Set(names)].filter(name => plan.inputs.files[name] === undefined)
  const added = unread([
    ...[...present, ...variableFiles(root, plan.environment), ...moduleFiles(root, Object.keys(plan.inputs.files))],
    ...searches.flatMap(({ before, now }) => [...now.difference(before)]),
  ]).map((name): Moved => ({ what: 'file', text: `${name}, new` }))
  const gone = unread(searches.flatMap(({ before, now }) => [...before.difference(now)])).map(
    (name): Moved => ({ what: 'file', text: `${name} is gone` }),
  )
  const variables = movedReads(plan.inputs, processEnvironment, plan.applyId).map(
    (names): Moved => ({ what: 'variable', text: `${enumerate(names, 'or')} of the process environment has another value` }),
  )
  return [...files, ...gone, ...added, ...variables]
}

/** What is in the folders of modules now, that the plan read when it was made. */
function moduleFiles(root: string, read: readonly string[]): readonly string[] {
  const folders = new Set(read.filter(name => name.endsWith('.flow.hcl')).map(name => dirname(name)))
  return [...folders]
    .filter(folder => folder !== '.')
    .flatMap(folder => configurationFiles(join(root, folder)).map(name => join(folder, name)))
}

function movedFile(root: string, name: string, before: Digest): readonly Moved[] {
  const now = digestOfFile(join(root, name))
  if (now === before) return []
  return [{ what: 'file', text: now === undefined ? `${name} is gone` : `${name}, ${shortDigest(before)} → ${shortDigest(now)}` }]
}

function digestOfFile(path: string): Digest | undefined {
  try {
    return digestOfText(readFileSync(path))
  } catch {
    return undefined
  }
}
