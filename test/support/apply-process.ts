import { systemClock } from '../../src/base/clock.ts'
import { crashPoint } from '../../src/base/crash-point.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { uploadBatches } from '../../src/registry/content.ts'
import { createSqliteStateBackend } from '../../src/state/backends/sqlite.ts'
import { catchUp } from '../../src/state/catch-up.ts'
import { stateWrite } from '../../src/state/encoding.ts'
import { acquireLock } from '../../src/state/locking.ts'
import { thisHolder } from '../../src/state/process.ts'
import { openRegistry } from './open-registry.ts'
import { contentFor, planRelease } from './releases.ts'

/** The text of block `index` in one generation of the made-up configuration. */
export function generationText(generation: number, index: number): string {
  return `generation ${generation}, block ${index}. ${'Answer step by step. '.repeat(120)}`
}

export interface ApplyRun {
  readonly directory: string
  readonly applyId: string
  readonly blocks: number
  readonly generation: number
  /** As with a foreign state backend: the state is written after the release, not with it. */
  readonly foreignState: boolean
  /** Becomes this user first; only root can. */
  readonly uid?: number
}

/** Every step of an apply, A1 to A6, through the real modules; a process that runs it may be killed anywhere. */
async function run({ directory, applyId, blocks, generation, foreignState, uid }: ApplyRun): Promise<void> {
  if (uid !== undefined) {
    process.setgid?.(uid)
    process.setuid?.(uid)
  }
  // The parent counts its random instants from here: making the file is one of them.
  process.stdout.write('started\n')
  const registry = await openRegistry(directory)
  const backend = createSqliteStateBackend(registry)
  const { lock } = await acquireLock({
    backend,
    environment: 'dev',
    holder: thisHolder('apply', '0.1.0', systemClock),
    timeoutMs: 0,
    clock: systemClock,
    onWaiting: () => {},
    sleep: async () => {},
  })
  crashPoint('A1-locked')
  const { snapshot, stored } = await catchUp(registry, backend, 'dev', () => 'lineage-a')
  const texts = Array.from({ length: blocks }, (_, index) => generationText(generation, index))
  const request = await planRelease(registry, Object.fromEntries(texts.map((text, index) => [`prompt.p${index}`, { text }])), { applyId })
  for (const batch of uploadBatches(texts.map(contentFor))) await registry.uploadContents(batch)
  crashPoint('A2-uploaded')

  const owned = new Map(request.versions.map(({ address, version, digest }) => [address, { version, digest }]))
  const next = { ...snapshot, serial: snapshot.serial + 1, release: request.base + 1, owned }
  const state = stateWrite(next, stored)
  const outcome = await registry.commitRelease(foreignState ? request : { ...request, state })
  if (outcome.outcome !== 'released') throw new Error(`the apply came to ${outcome.outcome}`)
  if (foreignState) await backend.write('dev', state)
  crashPoint('A5-state-written')
  await lock.release()
  crashPoint('A6-unlocked')
  await registry.close()
  process.stdout.write('done\n')
}

if (process.argv[1] === import.meta.filename) {
  try {
    await run(JSON.parse(process.argv[2] ?? '{}'))
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    process.stdout.write(`${error.code}\n${error.diagnostic.detail}`)
  }
}
