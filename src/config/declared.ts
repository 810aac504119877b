import { enumerate } from '../base/enumerate.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Block } from '../hcl/ast.ts'
import type { BlockDefinition } from './blocks/definition.ts'
import { PROJECT_BLOCKS, publishedBlocks, ROOT_BLOCKS } from './blocks/index.ts'
import { checkLabels, near } from './decode/body.ts'
import { checkName } from './decode/name.ts'
import type { DeclaredBlock } from './instance.ts'
import type { Repetition } from './instances.ts'
import type { ParsedConfiguration } from './parsed.ts'

/** The blocks of a configuration by type and name, with their names checked. */
export interface Declarations {
  /** By kind, then name; every kind is there. */
  readonly published: ReadonlyMap<string, ReadonlyMap<string, DeclaredBlock>>
  readonly variables: ReadonlyMap<string, Block>
  readonly outputs: ReadonlyMap<string, Block>
  readonly modules: ReadonlyMap<string, Block>
  readonly checks: ReadonlyMap<string, Block>
}

/** Where blocks of the project go. */
type Named = Readonly<Record<'variable' | 'output' | 'module' | 'check', Map<string, Block>>>

/** @param path of the module instance; undefined for the root. */
export function collectDeclarations(
  parsed: ParsedConfiguration,
  path: string | undefined,
  repetitionOf: (block: Block) => Repetition,
  report: Report,
): Declarations {
  const published = new Map<string, Map<string, DeclaredBlock>>(publishedBlocks.map(({ kind }) => [kind, new Map()]))
  const named: Named = { variable: new Map(), output: new Map(), module: new Map(), check: new Map() }
  const definitions = new Map(publishedBlocks.map(definition => [definition.kind as string, definition]))
  for (const block of parsed.blocks) {
    const definition = definitions.get(block.type)
    if (definition) {
      declare(block, published.get(block.type) ?? new Map(), name => toDeclared(block, name, definition, repetitionOf), report)
    } else if (isNamed(block.type, named)) {
      declare(block, named[block.type], () => block, report)
    } else if (path !== undefined && ROOT_BLOCKS.includes(block.type)) {
      reportRootOnly(block, path, report)
    } else {
      checkOther(block, report)
    }
  }
  return { published, variables: named.variable, outputs: named.output, modules: named.module, checks: named.check }
}

function isNamed(type: string, named: Named): type is keyof Named {
  return Object.hasOwn(named, type)
}

function reportRootOnly(block: Block, path: string, report: Report): void {
  report.error({
    code: 'config/root-only',
    summary: `The block "${block.type}" cannot stand in a module`,
    detail: 'It is about the project as a whole. Move it into the folder where flowrun plan is called.',
    subject: block.headerRange,
    where: `in ${path}`,
  })
}

function toDeclared(block: Block, name: string, definition: BlockDefinition, repetitionOf: (block: Block) => Repetition): DeclaredBlock {
  return { kind: definition.kind, name, block, definition, repetition: () => repetitionOf(block) }
}

function declare<T extends Block | DeclaredBlock>(block: Block, into: Map<string, T>, make: (name: string) => T, report: Report): void {
  const [label] = block.labels
  if (!checkLabels(block, ['name'], { report, where: `in ${block.type}` }) || label === undefined || !checkName(label, report)) return
  const first = into.get(label.text)
  if (first === undefined) {
    into.set(label.text, make(label.text))
    return
  }
  report.error({
    code: 'config/duplicate-block',
    summary: `There are two blocks ${block.type} "${label.text}"`,
    detail: 'Rename one of them, or merge them.',
    subject: block.headerRange,
    related: [{ range: 'block' in first ? first.block.headerRange : first.headerRange, message: 'the first one' }],
  })
}

/** Settings were decoded before; locals have no labels; anything else is not known. */
function checkOther(block: Block, report: Report): void {
  if (block.type === 'flowrun' || block.type === 'locals') checkLabels(block, [], { report, where: `in ${block.type}` })
  if ((PROJECT_BLOCKS as readonly string[]).includes(block.type)) return
  const types = [...PROJECT_BLOCKS, ...publishedBlocks.map(({ kind }) => kind)].sort()
  report.error({
    code: 'config/unsupported-block',
    summary: `There is no block "${block.type}"`,
    detail: `The blocks of a configuration are ${enumerate(types, 'and')}.`,
    subject: block.typeRange,
    ...near(block.type, types),
  })
}
