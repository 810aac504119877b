import { resolve } from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { graph } from '../operations/graph.ts'
import { readSavedPlan } from '../operations/saved-plan.ts'
import { type Direction, graphDot, graphJson, graphMermaid } from '../views/graph-drawing.ts'
import { graphText } from '../views/graph-text.ts'
import { workflowDot, workflowJson, workflowMermaid } from '../views/workflow-drawing.ts'
import { workflowText } from '../views/workflow-text.ts'
import { checkAddress } from './address.ts'
import { BaseCommand } from './base-command.ts'
import { readVariables, variableFlags } from './configuration-flags.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Graph extends BaseCommand {
  static override id = 'graph'
  static override group = 'write' as const
  static override brief = 'draw what refers to what'
  static override summary = 'Draw what refers to what in the configuration'
  static override description =
    'With an address, only what that block needs and what needs it; of a workflow, its nodes and the ways between them. Contacts nothing; with --plan it marks what a saved plan would change.'
  static override formats = ['text', 'json', 'dot', 'mermaid'] as const
  static override examples = [
    'flowrun graph',
    'flowrun graph workflow.support',
    'flowrun graph --format dot | dot -Tsvg > graph.svg',
    'flowrun graph --plan release.plan --format mermaid',
  ]
  static override args = { address: Args.string({ description: 'only what this block needs, and what needs it' }) }
  static override flags = {
    ...shown('What to show', 'format', 'json', 'also', 'no-color'),
    direction: Flags.string({
      helpGroup: 'What to show',
      helpValue: 'lr|tb',
      summary: 'which way dot and mermaid go',
      options: ['lr', 'tb'],
      default: 'lr',
    }),
    plan: Flags.string({ helpGroup: 'What to show', helpValue: 'FILE', summary: 'mark what a saved plan changes' }),
    ...shown('What to plan', 'environment'),
    ...variableFlags,
  }

  async run(): Promise<ExitCode> {
    const { args, flags, raw } = await this.parse(Graph)
    const address = args.address === undefined ? {} : { address: checkAddress(args.address, { haveVersion: false }) }
    const plan =
      flags.plan === undefined ? {} : { plan: readSavedPlan({ path: resolve(this.host.workingFolder(), flags.plan), name: flags.plan }) }
    const result = graph(createApp(this.host), { ...this.chosenEnvironment(flags), variables: readVariables(raw), ...address, ...plan })
    if (result.outcome === 'invalid') return this.report(result.diagnostics)
    const direction: Direction = flags.direction === 'tb' ? 'tb' : 'lr'
    if (result.outcome === 'workflow') {
      const { graph: nodes } = result
      return this.present({
        text: () => workflowText(nodes, this.terminal.out.style),
        json: () => workflowJson(nodes),
        dot: () => workflowDot(nodes, direction),
        mermaid: () => workflowMermaid(nodes, direction),
      })
    }
    return this.present({
      text: () => graphText(result.graph, this.terminal.out.style),
      json: () => graphJson(result.graph),
      dot: () => graphDot(result.graph, direction),
      mermaid: () => graphMermaid(result.graph, direction),
    })
  }
}
