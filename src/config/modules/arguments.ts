import type { SourceRange } from '../../diagnostics/source.ts'
import type { Attribute, Block } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { deepMarks, INVALID, SECRET, type Value } from '../../hcl/value.ts'
import { withinModule } from '../address.ts'
import { RESERVED_ARGUMENTS } from '../blocks/module.ts'
import { decodeVariable, fittedValue, type VariableDeclaration, validateVariable } from '../blocks/variable.ts'
import { near, names as sentence } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import { findAttribute } from '../instances.ts'
import type { Loading, ModuleArguments, ModuleInstance } from './module-instance.ts'

/** The two ends of a call: the block with the values, and the module with the variables. */
export interface CallEnds {
  readonly call: Block
  /** `module.kb["de"]`. */
  readonly path: string
  /** Where the values are evaluated. */
  readonly site: BlockSite
  variables(): ReadonlyMap<string, Block>
  /** Where the module decodes its declarations: read before anything that they could refer to. */
  declarationSite(block: Block, where: string): BlockSite
}

/** Values of a module's variables, each worked out when somebody asks: one may be made from what another gave. */
export function createArguments({ trail, report }: Loading, ends: CallEnds): ModuleArguments {
  const { call, path } = ends
  const values = new Map<string, Value>()
  const declarations = new Map<string, VariableDeclaration | undefined>()

  function declarationOf(name: string, block: Block): VariableDeclaration | undefined {
    if (!declarations.has(name)) declarations.set(name, decodeVariable(block, name, ends.declarationSite(block, `in variable "${name}"`)))
    return declarations.get(name)
  }

  function read(name: string, askedAt: SourceRange): Value | undefined {
    const block = ends.variables().get(name)
    if (block === undefined) return undefined
    const known = values.get(name)
    if (known !== undefined) return known
    const declaration = declarationOf(name, block)
    const text = withinModule(path, `var.${name}`)
    const value = declaration && trail.enter(text, askedAt, report, () => givenValue(declaration, ends))
    values.set(name, value ?? INVALID)
    return value ?? INVALID
  }

  return {
    names: () => ends.variables().keys(),
    read,
    check(instance) {
      reportUnknownArguments(ends)
      for (const [name, block] of ends.variables()) {
        const value = read(name, call.headerRange) ?? INVALID
        const declaration = declarationOf(name, block)
        if (RESERVED_ARGUMENTS.includes(name)) reportReserved(name, block, ends)
        if (declaration && value !== INVALID) checkValidations(declaration, value, instance, ends)
      }
    },
  }
}

function givenValue(declaration: VariableDeclaration, ends: CallEnds): Value {
  const { call, site } = ends
  const { name, block } = declaration
  const attribute = RESERVED_ARGUMENTS.includes(name) ? undefined : findAttribute(call, name)
  const given = attribute && evaluate(attribute.expression, site.evaluation)
  if (given?.kind === 'unknown' && given.invalid) return INVALID
  if (attribute && given && deepMarks(given) & SECRET) return reportSecret(attribute, site)
  const related = [{ range: block.headerRange, message: 'the variable is declared here' }]
  const value = fittedValue(declaration, given, ends.declarationSite(block, `in variable "${name}"`), detail =>
    site.report.error({
      code: 'config/wrong-type',
      summary: `The value of variable "${name}" does not fit its type`,
      detail,
      subject: attribute?.expression.range ?? call.headerRange,
      where: site.where,
      related,
    }),
  )
  if (value !== undefined) return value
  if (!RESERVED_ARGUMENTS.includes(name)) {
    site.report.error({
      code: 'config/missing-variable',
      summary: `Variable "${name}" of module "${nameOf(call)}" has no value`,
      detail: `Add it to the call: ${name} = …; or declare a default in the module.`,
      subject: call.headerRange,
      where: site.where,
      related,
    })
  }
  return INVALID
}

/** As it is written: what is wrong with a call is wrong with all instances of it, and told once. */
function nameOf(call: Block): string {
  return call.labels[0]?.text ?? ''
}

function reportSecret({ name, expression }: Attribute, site: BlockSite): Value {
  site.report.error({
    code: 'config/secret-not-allowed',
    summary: `The argument "${name}" cannot hold a secret`,
    detail: `A secret is written where the call needs it. Give the module its name, ${name} = "NAME", and write secret(var.${name}) there; or give it the provider.`,
    subject: expression.range,
    where: site.where,
  })
  return INVALID
}

/** What the module does not declare, with the place of the nearest that it does. */
function reportUnknownArguments({ call, site, variables: declared }: CallEnds): void {
  const variables = declared()
  const known = [...variables.keys()].filter(name => !RESERVED_ARGUMENTS.includes(name))
  for (const item of call.body.items) {
    if (item.kind === 'block') {
      site.report.error({
        code: 'config/unsupported-block',
        summary: `There is no block "${item.type}" here`,
        detail: 'A "module" block has arguments only: the values of the variables of the module.',
        subject: item.typeRange,
        where: site.where,
      })
    } else if (!variables.has(item.name) && !RESERVED_ARGUMENTS.includes(item.name)) {
      const nearest = near(item.name, known)
      const meant = variables.get(nearest.suggestions?.[0] ?? '')
      site.report.error({
        code: 'config/unknown-variable',
        summary: `Module "${nameOf(call)}" has no variable "${item.name}"`,
        detail:
          known.length === 0
            ? 'It declares none. Remove the argument, or declare the variable in the module.'
            : sentence('Its variables are', known),
        subject: item.nameRange,
        where: site.where,
        ...(meant ? { related: [{ range: meant.headerRange, message: 'declared here' }] } : {}),
        ...nearest,
      })
    }
  }
}

function reportReserved(name: string, block: Block, { declarationSite }: CallEnds): void {
  const { report, where } = declarationSite(block, `in variable "${name}"`)
  report.error({
    code: 'config/bad-name',
    summary: `A variable of a module cannot be named "${name}"`,
    detail: `In a "module" block this argument means something else, so nobody could give the variable a value.`,
    subject: block.labels[0]?.range ?? block.headerRange,
    where,
  })
}

/** What does not hold is told at the condition, with the place that gave the value. */
function checkValidations(declaration: VariableDeclaration, value: Value, instance: ModuleInstance, { call, path }: CallEnds): void {
  const { name, block } = declaration
  const given = findAttribute(call, name)?.expression.range ?? call.headerRange
  const site = instance.site(block, `in variable "${name}"`)
  const report = site.report.within(diagnostic => ({
    ...diagnostic,
    related: [...(diagnostic.related ?? []), { range: given, message: `${path} is called here` }],
  }))
  validateVariable(declaration, value, { ...site, report })
}
