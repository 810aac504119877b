import { ARTIFACT_FORMAT, type Artifact } from '../artifact/envelope.ts'
import { interfaceDigestOf } from '../artifact/interface.ts'
import { collectReferences, followedReferences } from '../artifact/references.ts'
import { digestOf } from '../base/digest.ts'
import { formatDuration } from '../base/duration.ts'
import type { JsonValue } from '../base/json.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Block, Expression } from '../hcl/ast.ts'
import { evaluate } from '../hcl/evaluate.ts'
import { isDeferred } from '../hcl/fold.ts'
import { type EvaluationContext, EXPRESSION_STEPS } from '../hcl/function.ts'
import { fromJson } from '../hcl/json-value.ts'
import type { Scope } from '../hcl/scope.ts'
import { NUMBER } from '../hcl/type.ts'
import { INVALID, isWhollyKnown, nullValue, numberValue, stringValue, unknownValue, type Value } from '../hcl/value.ts'
import type { Address } from './address.ts'
import { checkCondition } from './blocks/condition.ts'
import { references } from './decode/reference.ts'
import type { BlockSite } from './decode/site.ts'
import type { CompileHost } from './host.ts'
import { keepIgnored } from './ignored.ts'
import type { CompiledBlock, Instance } from './instance.ts'
import { findAttribute, instanceScope } from './instances.ts'
import { decodeLifecycle } from './lifecycle.ts'
import { createReference, referenceValue } from './reference.ts'

/** Compiles instances on demand, each once. */
export interface Compiler {
  /** @returns undefined when the block has errors; they were reported. */
  compile(instance: Instance): CompiledBlock | undefined
  /** What `ADDRESS.name` reads: an argument as it is written, a fact of the artifact, or a fact of its version. */
  attribute(instance: Instance, name: string): Value | undefined
  attributeNames(instance: Instance): readonly string[]
}

const FACTS = ['name', 'address', 'kind', 'digest', 'version'] as const

export function createCompiler(host: CompileHost, report: Report): Compiler {
  const compiled = new Map<string, CompiledBlock | undefined>()
  const compiler: Compiler = {
    compile(instance) {
      if (!compiled.has(instance.text)) {
        const block = compileInstance(instance, host, report)
        compiled.set(instance.text, block)
        if (block) checkPostconditions(instance, block, compiler, host, report)
      }
      return compiled.get(instance.text)
    },
    attribute(instance, name) {
      const written = instance.declared.block.body.items.find(item => item.kind === 'attribute' && item.name === name)
      if (written?.kind === 'attribute') return evaluateWritten(written.expression, siteOf(instance, host, report), report)
      return factOf(instance, name, compiler, host) ?? specMember(instance, name, compiler)
    },
    attributeNames(instance) {
      const { body } = instance.declared.definition
      return [...FACTS, ...Object.keys(body.arguments), ...Object.keys(body.blocks ?? {})]
    },
  }
  return compiler
}

function compileInstance(instance: Instance, host: CompileHost, report: Report): CompiledBlock | undefined {
  const { block, definition, kind } = instance.declared
  const site = siteOf(instance, host, report)
  const before = report.errorCount
  const lifecycle = decodeLifecycle(block, definition.body, site)
  for (const condition of lifecycle.preconditions) checkCondition(condition, `The precondition of ${instance.text} does not hold`, site)
  const dependsOn = declaredDependencies(block, site)
  const body = definition.compile(block, site)
  if (body === undefined || report.errorCount > before) return undefined
  const { ignoreChanges } = lifecycle
  const published = ignoreChanges.length > 0 ? host.publishedAt?.(instance.text) : undefined
  const spec = keepIgnored(kind, body.spec, published, ignoreChanges)
  const artifact = { format: ARTIFACT_FORMAT, kind, ...collectReferences(spec), spec } as Artifact
  return Object.freeze({
    address: instance.text,
    kind,
    name: instance.address.name,
    block,
    artifact,
    digest: digestOf(artifact as unknown as JsonValue),
    interfaceDigest: interfaceDigestOf(artifact),
    lifecycle,
    dependsOn: [...followedReferences(spec), ...dependsOn],
    textFiles: textFilesOf(body.textFiles, host),
  })
}

/** By the names that a person opens them by; a module writes them relative to itself. */
function textFilesOf(written: Readonly<Record<string, string>> = {}, { files }: CompileHost): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(written).map(([name, path]) => [name, files.nameOf(path)]))
}

/** `self` is the block as planned. */
function checkPostconditions(
  instance: Instance,
  { lifecycle }: CompiledBlock,
  compiler: Compiler,
  host: CompileHost,
  report: Report,
): void {
  if (lifecycle.postconditions.length === 0) return
  const read = (name: string) => compiler.attribute(instance, name)
  const self = referenceValue(createReference(instance.address, { read, names: () => compiler.attributeNames(instance) }))
  const site = siteOf({ ...instance, scope: instanceScope(new Map([['self', self]]), instance.scope) }, host, report)
  for (const condition of lifecycle.postconditions) checkCondition(condition, `The postcondition of ${instance.text} does not hold`, site)
}

/** Where an instance's expressions are evaluated; messages of the layers below are completed with its name. */
export function siteOf(instance: Instance, host: CompileHost, report: Report): BlockSite {
  const { declared, address } = instance
  return createSite(declared.block, instance.text, whereOf(declared, address.module), instance.scope, host, report)
}

/** `in prompt "answer"`, `in prompt "answer" of module.kb["de"]`. */
export function whereOf({ kind, name }: Pick<Address, 'kind' | 'name'>, module: string | undefined): string {
  return `in ${kind} "${name}"${module === undefined ? '' : ` of ${module}`}`
}

export function createSite(block: Block, address: string, where: string, scope: Scope, host: CompileHost, report: Report): BlockSite {
  const complete = report.within(diagnostic => {
    if (diagnostic.where !== undefined || diagnostic.subject === undefined) return { address, ...diagnostic }
    const isOwnFile = diagnostic.subject.source === block.range.source
    return { address, ...diagnostic, where: isOwnFile ? where : `read by ${address}` }
  })
  const evaluation: EvaluationContext = {
    scope,
    functions: host.functions,
    report: complete,
    budget: { remaining: EXPRESSION_STEPS },
    files: host.files,
  }
  return { address, where, evaluation, report: complete, ...(host.servers && { servers: host.servers }) }
}

const dependencies = references()

/** The addresses in `depends_on`. */
export function declaredDependencies(block: Block, site: BlockSite): readonly string[] {
  const attribute = findAttribute(block, 'depends_on')
  return ((attribute && dependencies({ ...site, attribute })) ?? []).map(({ $ref }) => $ref)
}

/** An argument that waits for a run has no value at plan time: `config/deferred-not-readable`. */
function evaluateWritten(expression: Expression, site: BlockSite, report: Report): Value {
  const own = report.muted()
  const value = evaluate(expression, { ...site.evaluation, report: own })
  if (isWhollyKnown(value)) return value
  // What else is wrong with it is told where it is written.
  if (own.hasErrors ? own.diagnostics.every(({ code }) => code === 'config/deferred-not-allowed') : isDeferred(value)) {
    site.report.error({
      code: 'config/deferred-not-readable',
      summary: `This argument of ${site.address} cannot be read by others`,
      detail: 'It is known only when a flow runs.',
      subject: expression.range,
    })
  }
  return INVALID
}

function factOf(instance: Instance, name: string, compiler: Compiler, host: CompileHost): Value | undefined {
  switch (name) {
    case 'name':
      return stringValue(instance.address.name)
    case 'address':
      return stringValue(instance.text)
    case 'kind':
      return stringValue(instance.address.kind)
    case 'digest': {
      const block = compiler.compile(instance)
      return block ? stringValue(block.digest) : INVALID
    }
    case 'version': {
      const block = compiler.compile(instance)
      if (block === undefined) return INVALID
      const version = host.versionOf?.(block.address, block.digest)
      return version === undefined ? unknownValue(NUMBER) : numberValue(version)
    }
    default:
      return undefined
  }
}

/** An argument that was not written, by what the artifact says: catalogue facts and defaults. */
function specMember(instance: Instance, name: string, compiler: Compiler): Value | undefined {
  const known = compiler.attributeNames(instance).includes(name)
  if (!known) return undefined
  const block = compiler.compile(instance)
  if (block === undefined) return INVALID
  const spec = block.artifact.spec as unknown as Readonly<Record<string, JsonValue | undefined>>
  const milliseconds = spec[`${name}_ms`]
  if (typeof milliseconds === 'number') return stringValue(formatDuration(milliseconds))
  const member = spec[name]
  return member === undefined ? nullValue() : fromJson(member)
}
