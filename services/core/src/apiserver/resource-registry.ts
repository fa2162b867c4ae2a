import { type ServedResource, storedResource } from "./served-resource.ts"

/** Which resources are served now. Custom ones come and go while requests are answered. */
export class ResourceRegistry {
  readonly #served = new Map<string, ServedResource>()
  /** Other names of resources, as far as somebody has asked since the last change: every write does. */
  readonly #others = new Map<ServedResource, readonly ServedResource[]>()
  /** Told after every change, with what discovery would answer. */
  onChange: () => void = () => {}

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#served.get(`${group}/${version}/${plural}`)
  }

  /** A custom resource never takes the place of one that is built in. */
  add(resource: ServedResource): void {
    const before = this.find(resource.group, resource.version, resource.plural)
    if (resource.custom && before && !before.custom) return
    this.#served.set(`${resource.group}/${resource.version}/${resource.plural}`, resource)
    this.#changed()
  }

  /** Takes away every version of a custom resource. */
  remove(group: string, plural: string): void {
    for (const [key, resource] of this.#served) {
      if (resource.custom && resource.group === group && resource.plural === plural) this.#served.delete(key)
    }
    this.#changed()
  }

  #changed(): void {
    this.#others.clear()
    this.onChange()
  }

  /** A resource under its other names: other versions, and faces of what is stored. */
  served(resource: ServedResource): readonly ServedResource[] {
    const known = this.#others.get(resource)
    if (known) return known
    const { group, plural } = storedResource(resource)
    const others = this.all().filter((other) => {
      const stored = storedResource(other)
      return other !== resource && stored.group === group && stored.plural === plural
    })
    this.#others.set(resource, others)
    return others
  }

  all(): ServedResource[] {
    return [...this.#served.values()]
  }

  /** The resource of a kind, as an object of it names itself. */
  ofKind(apiVersion: string, kind: string): ServedResource | undefined {
    return this.all().find((resource) => resource.apiVersion === apiVersion && resource.kind === kind)
  }
}
