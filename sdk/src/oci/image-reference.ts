/** `registry/repository:tag@digest`, taken apart. */
export interface ImageReference {
  readonly registry: string
  readonly repository: string
  readonly tag: string
  readonly digest?: string
}

const repositoryForm = /^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/
const tagForm = /^\w[\w.-]{0,127}$/
const digestForm = /^sha256:[0-9a-f]{64}$/

/**
 * Parses an image reference as the distribution specification spells it; a name without a registry belongs to
 * `defaultRegistry`. Undefined when it is none.
 */
export function parseImageReference(text: string, defaultRegistry: string): ImageReference | undefined {
  const [named = "", digest] = text.split("@")
  if (digest !== undefined && !digestForm.test(digest)) return undefined
  const slash = named.indexOf("/")
  const first = slash < 0 ? "" : named.slice(0, slash)
  const hasRegistry = /[.:]/.test(first) || first === "localhost"
  const rest = hasRegistry ? named.slice(slash + 1) : named
  const colon = rest.lastIndexOf(":")
  const repository = colon < 0 ? rest : rest.slice(0, colon)
  const tag = colon < 0 ? "latest" : rest.slice(colon + 1)
  if (!repositoryForm.test(repository) || !tagForm.test(tag)) return undefined
  return { registry: hasRegistry ? first : defaultRegistry, repository, tag, ...(digest && { digest }) }
}

export function formatImageReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${digest ? `@${digest}` : `:${tag}`}`
}
