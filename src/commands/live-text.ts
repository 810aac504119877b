import type { WatchEvent } from '../engine/durable/engine.ts'
import type { StepPath } from '../engine/interpreter/command.ts'

/** So much of the end of a text is kept: a terminal shows less. */
const KEPT_CHARACTERS = 2000

/** What models have written in steps that are under way: the ends of their texts. */
export interface LiveText {
  readonly texts: ReadonlyMap<StepPath, string>
  take(event: WatchEvent): void
}

export function createLiveText(): LiveText {
  const texts = new Map<StepPath, string>()
  return {
    texts,
    take(event) {
      if ('seq' in event) {
        if (event.type.startsWith('step.') && typeof event.data.path === 'string') texts.delete(event.data.path)
        return
      }
      if (event.type === 'call' && event.event.type === 'text-delta')
        texts.set(event.path, `${texts.get(event.path) ?? ''}${event.event.text}`.slice(-KEPT_CHARACTERS))
      // What a former attempt or another model wrote does not count (SSE-4).
      else if (event.type === 'step.started') texts.delete(event.path)
      else if (event.type === 'call' && (event.event.type === 'repair' || event.event.type === 'escalation')) texts.delete(event.path)
    },
  }
}
