import { openRegistry } from './open-registry.ts'
import { apply } from './releases.ts'

/** One of several processes that release to one environment at the same time, each its own block. */
export interface Contender {
  readonly directory: string
  readonly name: string
  readonly releases: number
}

/** Releases until all its releases are made, planning again when another was faster; prints how often that was. */
async function contend({ directory, name, releases }: Contender): Promise<void> {
  const registry = await openRegistry(directory)
  let moved = 0
  for (let made = 0; made < releases; ) {
    const blocks = { [`prompt.${name}`]: { text: `${name} ${made}` } }
    const { outcome } = await apply(registry, blocks, { lineage: `lineage-${name}`, actor: name })
    if (outcome === 'released') made++
    else if (outcome === 'moved') moved++
    else throw new Error(`release ${made} of ${name} came to ${outcome}`)
  }
  await registry.close()
  process.stdout.write(String(moved))
}

if (process.argv[1] === import.meta.filename) await contend(JSON.parse(process.argv[2] ?? '{}'))
