interface Templated {
  readonly spec?: {
    readonly template?: { readonly spec?: { readonly containers?: readonly { name: string; image?: string }[] } }
  }
}

export function containerNames(object: Templated): string {
  return (object.spec?.template?.spec?.containers ?? []).map(({ name }) => name).join(",")
}

export function imageNames(object: Templated): string {
  return (object.spec?.template?.spec?.containers ?? []).map(({ image }) => image ?? "").join(",")
}
