import type { CallFile, CallMessage, ModelCall } from '../call.ts'
import { CallFailure } from '../failure.ts'
import type { Http, NetworkPolicy } from '../http.ts'
import { isLoopbackHost } from '../network-policy.ts'

/** Addresses that a vendor fetches by itself, by type of media. */
export type SupportedUrls = Readonly<Record<string, readonly RegExp[]>>

/**
 * Files that the vendor would not fetch by itself, fetched here: so a prompt with the address of a file is the same for all
 * vendors. The address may come from a user: it is public and https, or the provider allows private ones.
 *
 * @throws CallFailure `bad_request`, before the model is asked.
 */
export async function withFetchedFiles(
  call: ModelCall,
  supported: SupportedUrls | PromiseLike<SupportedUrls>,
  http: Http,
  policy: NetworkPolicy,
): Promise<ModelCall> {
  if (!call.messages.some(({ files }) => files?.some(file => 'url' in file))) return call
  const patterns = await supported
  const fetched = (file: CallFile) => ('url' in file && !isSupported(file, patterns) ? fetchFile(file, call, http, policy) : file)
  const messages = await Promise.all(
    call.messages.map(async (message): Promise<CallMessage> => {
      const { files } = message
      return files === undefined ? message : { ...message, files: await Promise.all(files.map(fetched)) }
    }),
  )
  return { ...call, messages }
}

type UrlFile = Extract<CallFile, { readonly url: string }>

/** By type of media, by all of its family, or by any. */
function isSupported({ mediaType, url }: UrlFile, supported: SupportedUrls): boolean {
  const names = [mediaType, `${mediaType.split('/')[0]}/*`, '*/*', '*']
  return names.some(name => supported[name]?.some(pattern => pattern.test(url)))
}

async function fetchFile(file: UrlFile, { signal }: ModelCall, http: Http, policy: NetworkPolicy): Promise<CallFile> {
  const { url, ...rest } = file
  // A provider on this machine may be called; what else runs here is nobody's file.
  if (isLoopbackHost(new URL(url).hostname) && !policy.allowPrivate) throw cannotFetch(url, 'it is an address of this machine')
  const response = await http.send({ url, method: 'GET', headers: { accept: file.mediaType }, signal, policy }).catch((error: unknown) => {
    if (signal.aborted) throw error
    throw cannotFetch(url, error instanceof Error ? error.message : String(error))
  })
  if (!response.ok) {
    await response.body?.cancel()
    throw cannotFetch(url, `its server answered with status ${response.status}`)
  }
  return { ...rest, data: Buffer.from(await response.arrayBuffer()).toString('base64') }
}

function cannotFetch(url: string, why: string): CallFailure {
  const { origin, pathname } = new URL(url)
  return new CallFailure({
    class: 'bad_request',
    providerCode: 'FILE_NOT_FETCHED',
    message: `the file ${origin}${pathname} cannot be fetched: ${why}`,
  })
}
