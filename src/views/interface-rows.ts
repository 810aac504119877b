import type { Artifact } from '../artifact/envelope.ts'
import type { WorkflowSpec } from '../artifact/workflow.ts'
import type { JsonObject } from '../base/json.ts'
import { schemaSummary } from '../plan/schema-type.ts'
import { allNodes, nodeSummary } from '../plan/workflow-diff.ts'
import { formatCount } from './format-number.ts'

/** A label and what it says; further texts stand under the first. */
type Row = readonly [label: string, ...texts: readonly string[]]

/** What an artifact takes and gives, and of a workflow the nodes. */
export function interfaceRows(artifact: Artifact): readonly Row[] {
  switch (artifact.kind) {
    case 'prompt':
    case 'tool':
      return schemaRows(artifact.spec.input, artifact.spec.output)
    case 'workflow': {
      const { input, output, nodes } = artifact.spec
      return [...schemaRows(input, output?.schema), ['nodes', ...allNodes(nodes).map(node => `${node.name}: ${nodeSummary(node)}`)]]
    }
    default:
      return []
  }
}

/** `12 nodes` */
export function nodeCount({ nodes }: WorkflowSpec): string {
  const count = allNodes(nodes).length
  return `${formatCount(count)} node${count === 1 ? '' : 's'}`
}

function schemaRows(input: JsonObject | undefined, output: JsonObject | undefined): readonly Row[] {
  const schemas = [
    ['input', input],
    ['output', output],
  ] as const
  return schemas.flatMap(([name, schema]): readonly Row[] => (schema === undefined ? [] : [[name, schemaSummary(schema)]]))
}
