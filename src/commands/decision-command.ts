import * as Args from '@oclif/core/args'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { decideApproval, findApproval } from '../operations/runs/approval.ts'
import { approvalText, decisionJson } from '../views/approval.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Format } from './formats.ts'
import { parseJson } from './json-flag.ts'
import { RunCommand } from './run-command.ts'

export interface DecisionWords {
  readonly run: string
  readonly node?: string | undefined
  readonly action: string
  /** `Approve`, `Reject` */
  readonly verb: string
  /** `Approved` */
  readonly done: string
  readonly input?: string | undefined
  readonly reason?: string | undefined
}

export const DECISION_ARGUMENTS = {
  run: Args.string({ required: true, description: 'id, its ending, or @last' }),
  node: Args.string({ description: 'where the run waits for more than one decision' }),
}

/** Shows what is decided on, asks, and decides. */
export abstract class DecisionCommand extends RunCommand {
  // The manifest has what a class and the one above it say, and no more.
  static override formats: readonly Format[] = ['text', 'json']
  static override streamsJson = false
  static override exitCodes = 'Exit codes: 0 done, 1 error.'

  protected async decide(words: DecisionWords, flags: { readonly environment?: string | undefined }): Promise<ExitCode> {
    const fields = readFields(words.input)
    return this.withRun(words.run, flags, async (engine, run) => {
      const approval = await findApproval(engine, run, words.node)
      const shownFields = { ...approval.fields, ...fields }
      this.note(approvalText({ ...approval, fields: shownFields }, this.terminal.err.style, this.host.clock.now()))
      const isSure = await this.approves(`${words.verb} exactly this?`, {
        summary: `${words.verb} needs a yes, and nobody can be asked`,
        detail: `Look at it:  flowrun runs show ${run.id.slice(-4)} --json\nThen say so:  --yes\nNothing was decided.`,
      })
      if (!isSure) {
        this.note('Nothing was decided.\n')
        return exitCodes.error
      }
      const { action, reason } = words
      const missing = await decideApproval(engine, approval, { action, fields, ...(reason === undefined ? {} : { reason }) })
      const people = missing === 1 ? '1 more person has' : `${missing} more people have`
      const next = missing > 0 ? `${people} to decide the same.` : await this.goesOn(engine, run, flags)
      return this.present({ text: () => `${words.done}. ${next}\n`, json: () => decisionJson(approval, action, missing) })
    })
  }
}

function readFields(input: string | undefined): JsonObject {
  if (input === undefined) return {}
  const fields = parseJson(input, '--input', 'Nothing was decided.')
  if (isJsonObject(fields)) return fields
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: '--input is no object',
    detail: 'Write the fields that change: {"amount": 10}. Nothing was decided.',
  })
}
