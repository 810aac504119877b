import { OperationError } from '../../diagnostics/operation-error.ts'
import type { StateVersion } from '../../registry/release.ts'
import { encodeState } from '../../state/encoding.ts'
import { onEnvironment } from '../../state/environment-hint.ts'
import { parseState } from '../../state/parse.ts'
import type { StateSnapshot } from '../../state/state.ts'
import type { Deployed } from '../deployed.ts'
import type { OperationHost } from '../project.ts'
import { adoptState } from './adopt.ts'
import { changeState, type StateChanged, type StateChangeOptions } from './change.ts'
import { readIfIntact } from './read.ts'

export interface PushOptions extends StateChangeOptions {
  /** Also an older serial, or another lineage; audited as such. */
  readonly force: boolean
}

/** A state in a file: its text, and the name that a person gave it. */
export interface StateFile {
  readonly name: string
  readonly text: string
}

/**
 * Makes a state from a file the state of the environment. Ownership that differs becomes ownership in the registry (STA-10).
 *
 * @throws OperationError `state/not-a-state`, `state/older-serial`, `state/other-lineage`, `apply/owned-elsewhere` …
 */
export function pushState(host: OperationHost, options: PushOptions, { name, text }: StateFile): Promise<Deployed<StateChanged>> {
  return changeState(host, options, `state push ${name}`, async site => {
    const { backend, registry, environment, actor, dryRun } = site
    const { force } = options
    const pushed = parseState(text, name, environment)
    const stored = (await backend.currentVersion(environment)) ?? null
    const current = await readIfIntact(backend, environment)
    if (current && encodeState(current) === encodeState(pushed)) return unchanged(environment, dryRun, current)
    const problem = stored && problemOf(name, environment, pushed, stored)
    if (problem && !force) throw problem
    const serial = force && stored ? Math.max(pushed.serial, stored.serial + 1) : pushed.serial
    const detail = { serial, lineage: pushed.lineage, release: pushed.release, forced: force && problem !== null }
    // The row comes first: after a kill it may say more than was done, and never less (AUD-2).
    if (!dryRun) await registry.record({ actor, action: 'state.push', subject: environment, reason: site.operation, detail })
    return await adoptState(site, { ...pushed, serial }, stored)
  })
}

function unchanged(environment: string, dryRun: boolean, { lineage, serial, owned }: StateSnapshot): StateChanged {
  return { environment, dryRun, changes: [], release: undefined, lineage, serial, blocks: owned.size, written: false }
}

/** STA-4, STA-10. */
function problemOf(name: string, environment: string, pushed: StateSnapshot, stored: StateVersion): OperationError | null {
  const anyway = `To replace it all the same, audited:\n  flowrun state push${onEnvironment(environment)} -force ${name}\nNothing was changed.`
  if (pushed.lineage !== stored.lineage) {
    return new OperationError({
      code: 'state/other-lineage',
      summary: `${name} is of another lineage than the state of ${environment}`,
      detail: `The file is of lineage ${pushed.lineage}, and the state of ${stored.lineage}: they are of two configurations. ${anyway}`,
    })
  }
  if (pushed.serial > stored.serial) return null
  const isOlder = pushed.serial < stored.serial
  return new OperationError({
    code: 'state/older-serial',
    summary: isOlder
      ? `${name} is older than the state of ${environment}`
      : `${name} is not what serial ${stored.serial} of ${environment} says`,
    detail:
      (isOlder
        ? `The file has serial ${pushed.serial}, and the state has ${stored.serial}. To go back to an earlier state: flowrun state restore${onEnvironment(environment)} SERIAL. `
        : `Both have serial ${stored.serial}, and they differ: write the next serial, ${stored.serial + 1}, into the file. `) + anyway,
  })
}
