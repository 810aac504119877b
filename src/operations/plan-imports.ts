import type { Artifact } from '../artifact/envelope.ts'
import type { Configuration } from '../config/configuration.ts'
import type { Report } from '../diagnostics/report.ts'
import type { ImportSource } from '../plan/sources.ts'
import { openImports, type Present } from '../plan/view.ts'
import type { Registry } from '../registry/registry.ts'

/** What an `import` block takes over, and the configuration has no block for. */
export interface MissingBlock {
  readonly address: string
  readonly artifact: Artifact
}

export interface Imports {
  readonly found: ReadonlyMap<string, ImportSource>
  /** Reported, unless they are to be generated. */
  readonly missing: readonly MissingBlock[]
}

/** The versions that open `import` blocks take over; what is wrong with one is reported. */
export async function readImports(
  configuration: Configuration,
  present: Present,
  registry: Registry,
  { generates, report }: { readonly generates: boolean; readonly report: Report },
): Promise<Imports> {
  const open = [...openImports(configuration.refactorings.imports, present).values()]
  if (open.length === 0) return { found: new Map(), missing: [] }
  const versions = await registry.findVersions(open.map(({ from }) => from))
  const declared = new Set(configuration.blocks.map(({ address }) => address))
  const known = open.flatMap((block, index) => {
    const version = versions[index]
    const place = { subject: block.range, where: 'in import' }
    const id = `${block.from.address}@${block.from.version}`
    if (version === undefined) {
      const detail = `See which there are: flowrun versions ${block.from.address}`
      report.error({ code: 'plan/unknown-version', summary: `There is no version ${id}`, detail, ...place })
    } else if (!declared.has(block.to) && !generates) {
      const summary = `${block.to} is to be imported, and is not in the configuration`
      const detail = `Write the block, or let flowrun write it: flowrun plan -generate-config-out imported.flow.hcl`
      report.error({ code: 'plan/import-without-block', summary, detail, ...place })
    } else return [{ block, version }]
    return []
  })
  const contents = await registry.artifacts(known.map(({ version: { address, digest } }) => ({ address, digest })))
  const sources = known.flatMap(({ block, version }) => {
    const artifact = contents.get(version.digest)
    return artifact ? [[block.to, { block, version, artifact }] as const] : []
  })
  return {
    found: new Map(sources.filter(([address]) => declared.has(address))),
    missing: sources.flatMap(([address, { artifact }]) => (declared.has(address) ? [] : [{ address, artifact }])),
  }
}
