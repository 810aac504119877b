import type { Report } from '../diagnostics/report.ts'
import type { Block, Expression } from '../hcl/ast.ts'
import { attributesOf, traversalsOf } from '../hcl/walk.ts'
import type { Loading, ModuleInstance } from './modules/module-instance.ts'
import type { ParsedConfiguration } from './parsed.ts'

/** What was asked for while values were made: `var.tier`, `local.topics`. */
interface Uses {
  readonly byBlocks: ReadonlySet<string>
  /** By locals that nothing uses, too. */
  readonly byAll: ReadonlySet<string>
}

/**
 * Warns of variables and locals that nothing uses: often a misspelt name, or what is left of a removed block. What one
 * instance of a module uses is used; what is odd in a fetched module is not ours to change.
 *
 * @param byBlocks what was used before locals were worked out for their own sake.
 */
export function reportUnused(
  modules: readonly ModuleInstance[],
  loading: Loading,
  byBlocks: ReadonlyMap<ParsedConfiguration['files'], ReadonlySet<string>>,
): void {
  if (loading.report.hasErrors) return
  const told = new Set<ParsedConfiguration['files']>()
  for (const module of modules) {
    const { parsed } = module
    if (told.has(parsed.files) || ('isFetched' in parsed && parsed.isFetched)) continue
    told.add(parsed.files)
    const early = usedBySettings(parsed.blocks)
    const uses: Uses = {
      byBlocks: new Set([...(byBlocks.get(parsed.files) ?? []), ...early]),
      byAll: new Set([...loading.usesOf(parsed), ...early]),
    }
    reportUnusedVariables(module, uses, loading.report)
    reportUnusedLocals(module, uses, loading.report)
  }
}

function reportUnusedVariables({ declarations }: ModuleInstance, { byAll }: Uses, report: Report): void {
  for (const [name, block] of declarations.variables) {
    if (byAll.has(`var.${name}`)) continue
    report.warning({
      code: 'config/unused-variable',
      summary: `Variable "${name}" is not used`,
      detail: `Nothing reads var.${name}. Use it, or remove the block.`,
      subject: block.headerRange,
    })
  }
}

function reportUnusedLocals({ locals }: ModuleInstance, uses: Uses, report: Report): void {
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

/**
 * What settings, environments and defaults use: these are read before the rest, in a scope of their own. And what the
 * arguments of a module use, which nobody evaluates when it has no instance.
 */
function usedBySettings(blocks: readonly Block[]): readonly string[] {
  const settings = blocks.filter(({ type }) => type === 'flowrun' || type === 'environment' || type === 'variable' || type === 'module')
  return settings
    .flatMap(({ type, body }) => [...attributesOf(body)].map(({ expression }) => ({ type, expression })))
    .flatMap(({ type, expression }) =>
      traversalsOf(expression).flatMap(({ root, steps }) =>
        steps[0] && (root === 'local' || (root === 'var' && type === 'module')) ? [`${root}.${steps[0].key}`] : [],
      ),
    )
}

/** A local that only an unused local reads is named by that one's warning. */
function usedByOther(name: string, locals: ReadonlyMap<string, Expression>, { byAll }: Uses): boolean {
  if (!byAll.has(`local.${name}`)) return false
  return [...locals].some(
    ([other, expression]) =>
      other !== name && traversalsOf(expression).some(({ root, steps }) => root === 'local' && steps[0]?.key === name),
  )
}
