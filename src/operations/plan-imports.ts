import type { Configuration } from '../config/configuration.ts'
import type { Report } from '../diagnostics/report.ts'
import type { ImportSource } from '../plan/sources.ts'
import { openImports, type Present } from '../plan/view.ts'
import type { Registry } from '../registry/registry.ts'

/** The versions that open `import` blocks take over; what is wrong with one is reported. */
export async function readImports(
  configuration: Configuration,
  present: Present,
  registry: Registry,
  report: Report,
): Promise<ReadonlyMap<string, ImportSource>> {
  const open = [...openImports(configuration.refactorings.imports, present).values()]
  if (open.length === 0) return new Map()
  const versions = await registry.findVersions(open.map(({ from }) => from))
  const declared = new Set(configuration.blocks.map(({ address }) => address))
  const known = open.flatMap((block, index) => {
    const version = versions[index]
    const place = { subject: block.range, where: 'in import' }
    const id = `${block.from.address}@${block.from.version}`
    if (version === undefined) {
      const detail = `See which there are: flowrun versions ${block.from.address}`
      report.error({ code: 'plan/unknown-version', summary: `There is no version ${id}`, detail, ...place })
    } else if (!declared.has(block.to)) {
      const summary = `${block.to} is to be imported, and is not in the configuration`
      const detail = `Write the block, or let flowrun write it: flowrun plan -generate-config-out imported.flow.hcl`
      report.error({ code: 'plan/import-without-block', summary, detail, ...place })
    } else return [{ block, version }]
    return []
  })
  const contents = await registry.artifacts(known.map(({ version: { address, digest } }) => ({ address, digest })))
  return new Map(
    known.flatMap(({ block, version }) => {
      const artifact = contents.get(version.digest)
      return artifact ? [[block.to, { block, version, artifact }] as const] : []
    }),
  )
}
