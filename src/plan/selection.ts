import { suggest } from '../base/suggest.ts'
import { covers } from '../config/blocks/refactoring.ts'
import type { CompiledBlock } from '../config/instance.ts'

/** `-target` and `-exclude`: addresses or patterns such as `prompt.*`. */
export interface Selection {
  readonly targets: readonly string[]
  readonly excludes: readonly string[]
}

export interface Selected {
  /** Undefined: all of them. */
  readonly addresses: ReadonlySet<string> | undefined
  /** Patterns that fit no address, with near ones. */
  readonly unmatched: readonly { readonly pattern: string; readonly suggestions: readonly string[] }[]
}

/**
 * What a plan covers. A target brings what it needs, an exclusion takes what needs it along; when everything is archived
 * it is the other way round, for what is used goes last.
 *
 * @param known every address of the configuration and of the state.
 */
export function select(
  { targets, excludes }: Selection,
  known: readonly string[],
  blocks: readonly CompiledBlock[],
  mode: { readonly destroy: boolean },
): Selected {
  if (targets.length === 0 && excludes.length === 0) return { addresses: undefined, unmatched: [] }
  const needs = new Map(blocks.map(({ address, dependsOn }) => [address, dependsOn]))
  const users = reversed(needs)
  const [along, against] = mode.destroy ? [users, needs] : [needs, users]
  const matching = (pattern: string) => known.filter(address => matches(pattern, address))
  const wanted = targets.length === 0 ? new Set(known) : reach(targets.flatMap(matching), along)
  for (const address of reach(excludes.flatMap(matching), against)) wanted.delete(address)
  const unmatched = [...targets, ...excludes].filter(pattern => matching(pattern).length === 0)
  return { addresses: wanted, unmatched: unmatched.map(pattern => ({ pattern, suggestions: suggest(pattern, known) })) }
}

/** An address, all instances of one, all of a module, or a pattern in which `*` stands for anything and `?` for one character. */
export function matches(pattern: string, address: string): boolean {
  if (covers(pattern, address)) return true
  return /[*?]/.test(pattern) && matchesFrom(pattern, address)
}

/** Greedy with one point to come back to: linear for one `*`, at worst the product of both lengths. */
function matchesFrom(pattern: string, text: string): boolean {
  let [at, place, star, mark] = [0, 0, -1, 0]
  while (at < text.length) {
    if (pattern[place] === '*') [star, mark, place] = [place, at, place + 1]
    else if (pattern[place] === '?' || pattern[place] === text[at]) [at, place] = [at + 1, place + 1]
    else if (star < 0) return false
    else [mark, at, place] = [mark + 1, mark + 1, star + 1]
  }
  while (pattern[place] === '*') place++
  return place === pattern.length
}

function reach(from: readonly string[], edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set(from)
  // A set grows while it is gone through.
  for (const address of found) for (const next of edges.get(address) ?? []) found.add(next)
  return found
}

function reversed(edges: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const back = new Map<string, string[]>()
  for (const [address, targets] of edges) {
    for (const target of targets) {
      const users = back.get(target)
      if (users) users.push(address)
      else back.set(target, [address])
    }
  }
  return back
}
