import type { JsonObject } from '../../base/json.ts'
import type { CallFile } from '../call.ts'
import { CallFailure } from '../failure.ts'

/** A file as a part of a message; undefined where the server has no word for it. */
export type FilePart = (file: CallFile, index: number) => JsonObject | undefined

const AUDIO_FORMATS: Readonly<Record<string, string>> = { 'audio/wav': 'wav', 'audio/mp3': 'mp3', 'audio/mpeg': 'mp3' }

/** What every server of the protocol knows: pictures, sound and PDF. */
export const openaiFilePart: FilePart = (file, index) => {
  const { mediaType } = file
  if (mediaType.startsWith('image/')) return { type: 'image_url', image_url: { url: urlOf(file) } }
  if (!('data' in file)) return undefined
  const format = AUDIO_FORMATS[mediaType]
  if (format !== undefined) return { type: 'input_audio', input_audio: { data: file.data, format } }
  if (mediaType !== 'application/pdf') return undefined
  return { type: 'file', file: { filename: file.name ?? `part-${index}.pdf`, file_data: urlOf(file) } }
}

/** Also moving pictures, and text, which is written into the message. */
export const compatibleFilePart: FilePart = (file, index) => {
  if (file.mediaType.startsWith('video/')) return { type: 'video_url', video_url: { url: urlOf(file) } }
  if (file.mediaType.startsWith('text/') && 'data' in file) return { type: 'text', text: Buffer.from(file.data, 'base64').toString('utf8') }
  return openaiFilePart(file, index)
}

function urlOf(file: CallFile): string {
  return 'url' in file ? file.url : `data:${file.mediaType};base64,${file.data}`
}

/** @throws CallFailure `bad_request`, before the model is asked. */
export function requiredPart(part: JsonObject | undefined, { mediaType }: CallFile): JsonObject {
  if (part === undefined) throw new CallFailure({ class: 'bad_request', message: `the provider takes no files of type ${mediaType}` })
  return part
}
