import type { JsonObject } from '../base/json.ts'
import { flowrunVersion } from '../base/version.ts'
import { FORMAT_VERSION } from './json-document.ts'

/** One line of an event stream, in Terraform's form (`-json`): an object with its newline. Schemas in schemas/events/. */
export function event(type: string, message: string, nowMs: number, fields: JsonObject): string {
  const common = { '@level': 'info', '@message': message, '@module': 'flowrun.ui', '@timestamp': new Date(nowMs).toISOString(), type }
  return `${JSON.stringify({ ...common, ...fields })}\n`
}

/** What a person would be told beside the result: a note, or that something is waited for. Nothing for an empty one. */
export function logEvent(message: string, nowMs: number): string {
  return message === '' ? '' : event('log', message.trim(), nowMs, {})
}

/** The first event of every stream. */
export function versionEvent(nowMs: number): string {
  return event('version', `flowrun ${flowrunVersion}`, nowMs, {
    format_version: FORMAT_VERSION,
    flowrun_version: flowrunVersion,
    ui: FORMAT_VERSION,
  })
}
