/** What a model of OpenAI takes over chat completions, as far as its id tells (as of 2026-11). */
export interface ModelTraits {
  /** It thinks: limits go by `max_completion_tokens`, instructions by `developer`, and what steers sampling is refused. */
  readonly thinks: boolean
  /** Efforts that it takes, least first; absent: not known, so any is sent. */
  readonly efforts?: readonly string[]
  /** Temperature and top_p are taken where it is told not to think. */
  readonly samplesWithoutThought: boolean
  /** It refuses tools while it thinks. */
  readonly thinksWithoutToolsOnly: boolean
  readonly takesTemperature: boolean
}

const VERSION = /^gpt-(?<major>\d+)(?:\.(?<minor>\d+))?(?:-(?<variant>.+))?$/
const THINKING_SERIES = /^o\d+(?:-|$)/
const SEARCH_PREVIEW = /^gpt-4o-(?:mini-)?search-preview/
/** Variants whose efforts are known: sizes, and dated forms of them. */
const KNOWN_VARIANT = /^(?:(?:mini|nano|sol|luna|terra)(?:-\d{4}-\d{2}-\d{2})?|\d{4}-\d{2}-\d{2})$/
/** Of version 6 these alone can be told not to think. */
const CALM: ReadonlySet<string> = new Set(['gpt-6-luna', 'gpt-6-sol', 'gpt-6.1-terra'])

export function traitsOf(id: string): ModelTraits {
  const { groups = {} } = VERSION.exec(id) ?? {}
  const { variant } = groups
  const major = Number(groups.major ?? 0)
  const minor = Number(groups.minor ?? 0)
  const isChat = groups.minor === undefined && variant?.startsWith('chat') === true
  const efforts = effortsOf(id, major, minor, variant)
  return {
    thinks: THINKING_SERIES.test(id) || (major >= 5 && !isChat),
    ...(efforts && { efforts }),
    samplesWithoutThought: CALM.has(id) || (major === 5 && minor >= 1),
    thinksWithoutToolsOnly: major === 5 && minor >= 6,
    takesTemperature: !SEARCH_PREVIEW.test(id),
  }
}

function effortsOf(id: string, major: number, minor: number, variant: string | undefined): readonly string[] | undefined {
  if (major >= 6) return [...(CALM.has(id) ? ['none'] : []), 'low', 'medium', 'high']
  if (major !== 5 || (variant !== undefined && !KNOWN_VARIANT.test(variant))) return undefined
  return [minor === 0 ? 'minimal' : 'none', 'low', 'medium', 'high']
}
