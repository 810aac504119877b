import type { Clock } from '../base/clock.ts'
import type { SettingText } from '../config/blocks/environment-stores.ts'
import type { StateCodec } from '../state/codec.ts'

/** What every kind of state backend is opened with. */
export interface StateHost {
  readonly project: string
  readonly clock: Clock
  readonly flowrunVersion: string
  readonly codec: StateCodec
  /** The process environment, for what a protocol's own variables say. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Ends the waits between attempts. */
  readonly signal: AbortSignal | undefined
  /** The text of a setting, its secrets looked up now (SEC-1). */
  readonly text: (setting: SettingText) => Promise<string>
}
