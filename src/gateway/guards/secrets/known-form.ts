import type { Finding } from '../finding.ts'

/** Letters that come before or after would make another word of it. */
const form = (pattern: string) => new RegExp(`(?<![A-Za-z0-9_-])${pattern}(?![A-Za-z0-9_-])`, 'g')

/** Forms that their makers publish. All lengths are bounded, so that a search reads each part of a text only so often. */
const FORMS: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['aws_access_key', form('(?:AKIA|ASIA)[A-Z2-7]{16}')],
  ['github_token', form('gh[pousr]_[A-Za-z0-9]{36,255}')],
  ['github_token', form('github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}')],
  ['gitlab_token', form('gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,64}')],
  ['slack_token', form('xox[abprs]-[A-Za-z0-9-]{10,250}')],
  ['slack_token', form('xapp-\\d-[A-Z0-9]{8,16}-\\d{8,16}-[a-f0-9]{32,128}')],
  ['slack_webhook', /(?<=hooks\.slack\.com\/(?:services|workflows)\/)T[A-Z0-9]{6,12}\/[A-Z][A-Z0-9]{6,20}\/[A-Za-z0-9/]{16,64}/g],
  ['stripe_key', form('[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}')],
  ['stripe_key', form('whsec_[A-Za-z0-9+/]{24,128}={0,2}')],
  ['anthropic_key', form('sk-ant-[a-z]{3,10}\\d{2}-[A-Za-z0-9_-]{60,200}')],
  ['openai_key', form('sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{32,250}')],
  ['openai_key', form('sk-[A-Za-z0-9]{32,64}')],
  ['google_key', form('AIza[A-Za-z0-9_-]{35}')],
  ['google_secret', form('GOCSPX-[A-Za-z0-9_-]{28}')],
  ['google_token', form('ya29\\.[A-Za-z0-9_-]{30,2048}')],
  ['npm_token', form('npm_[A-Za-z0-9]{36}')],
  ['pypi_token', form('pypi-AgEI[A-Za-z0-9_-]{50,500}')],
  ['huggingface_token', form('hf_[A-Za-z0-9]{30,64}')],
  ['sendgrid_key', form('SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}')],
  ['twilio_key', form('SK[a-f0-9]{32}')],
  ['telegram_token', form('\\d{8,10}:AA[A-Za-z0-9_-]{33}')],
  ['digitalocean_token', form('do[opr]_v1_[a-f0-9]{64}')],
  ['doppler_token', form('dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9]{40,44}')],
  ['xai_key', form('xai-[A-Za-z0-9]{60,120}')],
  ['groq_key', form('gsk_[A-Za-z0-9]{48,64}')],
  ['jwt', form('eyJ[A-Za-z0-9_-]{8,2048}\\.eyJ[A-Za-z0-9_-]{8,4096}\\.[A-Za-z0-9_-]{16,1024}')],
]

const PRIVATE_KEY_BEGIN = /-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----/g
/** Longest private key that is read to its end, in characters: RSA of 16,384 bits has 12,800. */
const PRIVATE_KEY_MAX = 20_000

export function findKnownSecrets(text: string): readonly Finding[] {
  const found: Finding[] = []
  for (const [type, pattern] of FORMS) {
    for (const { index, 0: match } of text.matchAll(pattern)) found.push({ type, start: index, end: index + match.length, score: 0.95 })
  }
  return [...found, ...findPrivateKeys(text)]
}

/** The whole key; without its last line, as far as it looks like one. */
function findPrivateKeys(text: string): readonly Finding[] {
  const found: Finding[] = []
  let end = 0
  for (const { index, 0: begin } of text.matchAll(PRIVATE_KEY_BEGIN)) {
    if (index < end) continue
    const body = text.slice(index + begin.length, index + PRIVATE_KEY_MAX)
    const last = /-----END [A-Z0-9 ]{1,40}-----/.exec(body)
    const length = last ? last.index + last[0].length : (/^[A-Za-z0-9+/=\s:,-]*/.exec(body)?.[0].length ?? 0)
    end = index + begin.length + length
    found.push({ type: 'private_key', start: index, end, score: 1 })
  }
  return found
}
