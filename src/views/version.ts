import { jsonDocument } from './json-document.ts'

export interface VersionFacts {
  readonly flowrun: string
  readonly node: string
  readonly platform: string
  readonly arch: string
}

export function versionText(version: VersionFacts): string {
  return `flowrun ${version.flowrun}\nNode ${version.node}, ${version.platform} ${version.arch}\n`
}

export function versionJson(version: VersionFacts): string {
  return jsonDocument({ node_version: version.node, platform: `${version.platform}_${version.arch}` })
}
