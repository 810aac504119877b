import type { Report } from '../diagnostics/report.ts'
import type { Block, Expression } from '../hcl/ast.ts'
import { traversalsOf } from '../hcl/walk.ts'
import { attributesOf } from './folded.ts'

/** What was asked for while values were made: `var.tier`, `local.topics`. */
export interface Uses {
  readonly byBlocks: ReadonlySet<string>
  /** Locals that nothing uses included. */
  readonly byAll: ReadonlySet<string>
}

/** Warns of variables and locals that nothing uses: often a misspelt name, or what is left of a removed block. */
export function reportUnused(
  variables: ReadonlyMap<string, Block>,
  locals: ReadonlyMap<string, Expression>,
  uses: Uses,
  report: Report,
): void {
  if (report.hasErrors) return
  for (const [name, block] of variables) {
    if (uses.byAll.has(`var.${name}`)) continue
    report.warning({
      code: 'config/unused-variable',
      summary: `Variable "${name}" is not used`,
      detail: `Nothing reads var.${name}. Use it, or remove the block.`,
      subject: block.headerRange,
    })
  }
  for (const [name, expression] of locals) {
    if (uses.byBlocks.has(`local.${name}`) || usedByOther(name, locals, uses)) continue
    report.warning({
      code: 'config/unused-local',
      summary: `The local "${name}" is not used`,
      detail: `Nothing reads local.${name}. Use it, or remove it.`,
      subject: expression.range,
    })
  }
}

/** Locals that settings, environments and defaults use: these are read before the rest, in a scope of their own. */
export function usedBySettings(blocks: readonly Block[]): readonly string[] {
  const settings = blocks.filter(({ type }) => type === 'flowrun' || type === 'environment' || type === 'variable')
  return settings
    .flatMap(({ body }) => [...attributesOf(body)])
    .flatMap(({ expression }) => traversalsOf(expression))
    .flatMap(({ root, steps }) => (root === 'local' && steps[0] ? [`local.${steps[0].key}`] : []))
}

/** A local that only an unused local reads is named by that one's warning. */
function usedByOther(name: string, locals: ReadonlyMap<string, Expression>, { byAll }: Uses): boolean {
  if (!byAll.has(`local.${name}`)) return false
  return [...locals].some(
    ([other, expression]) =>
      other !== name && traversalsOf(expression).some(({ root, steps }) => root === 'local' && steps[0]?.key === name),
  )
}
