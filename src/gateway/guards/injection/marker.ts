import type { Signal } from './signal.ts'

/** Marks with which chat formats part the roles, and words that pretend that a part has ended. */
const MARKERS: readonly (readonly [type: string, weight: number, pattern: RegExp])[] = [
  ['role_marker', 0.8, /<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text)\|>/gi],
  ['role_marker', 0.7, /\[\/?INST\]|<<\/?SYS>>/g],
  ['role_marker', 0.55, /<\/?(?:system|assistant|system_prompt|system-prompt|instructions?)>/gi],
  ['role_marker', 0.55, /^[ \t]{0,8}#{2,6} ?(?:system|instructions?|new task)(?: prompt| message)?[ \t]{0,4}:?[ \t]{0,4}$/gim],
  ['role_marker', 0.6, /["']role["'][ \t]{0,4}:[ \t]{0,4}["'](?:system|developer|assistant)["']/gi],
  [
    'role_marker',
    0.55,
    /^[ \t]{0,8}(?:system|assistant) ?:[ \t]{0,4}(?=[^\n]{0,60}\b(?:you|must|ignore|obey|grant|sure|allowed|the user is)\b)/gim,
  ],
  ['role_marker', 0.6, /^[ \t]{0,8}(?:human|user) ?:[^\n]{0,200}\n{1,3}[ \t]{0,8}(?:assistant|ai) ?:/gim],
  ['delimiter_escape', 0.35, /\bend of (?:the )?(?:user input|input|document|prompt|context|data|instructions|conversation)\b/gi],
]

export function markerSignals(text: string): readonly Signal[] {
  return MARKERS.flatMap(([type, weight, pattern]) =>
    [...text.matchAll(pattern)].map(({ index, 0: match }) => ({ type, weight, start: index, end: index + match.length })),
  )
}
