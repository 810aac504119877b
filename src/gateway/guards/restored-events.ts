import type { CallEvent } from '../call.ts'
import type { Placeholders } from './placeholders.ts'

/**
 * Puts values back into a stream. What may be the beginning of a placeholder waits until it is seen whether it is one.
 *
 * @param write a value as it stands in the text.
 */
export function restoredEvents(
  onEvent: (event: CallEvent) => void,
  placeholders: Placeholders,
  write: (value: string) => string,
): (event: CallEvent) => void {
  let waiting = ''
  const tell = (text: string) => {
    if (text !== '') onEvent({ type: 'text-delta', text: placeholders.restore(text, write) })
  }
  return event => {
    if (event.type === 'text-delta') {
      const text = waiting + event.text
      const open = text.lastIndexOf('[')
      const mayGoOn = open !== -1 && !text.includes(']', open) && text.length - open < placeholders.longest()
      waiting = mayGoOn ? text.slice(open) : ''
      tell(mayGoOn ? text.slice(0, open) : text)
      return
    }
    if (event.type === 'text-end') tell(waiting)
    waiting = ''
    onEvent(event)
  }
}
