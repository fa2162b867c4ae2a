import type { ResourceList } from "./resources.ts"

/** What the tables of volumes and claims have in common. */
const shortModes: Record<string, string> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
}
const betaClass = "volume.beta.kubernetes.io/storage-class"

/** `RWO,ROX` */
export function accessModesText(modes: readonly string[] | undefined): string {
  const given = new Set(modes)
  return Object.entries(shortModes)
    .filter(([mode]) => given.has(mode))
    .map(([, short]) => short)
    .join(",")
}

export function storageText(amounts: ResourceList | undefined): string {
  return String(amounts?.storage ?? "")
}

interface Classed {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined }
  readonly spec?: { readonly storageClassName?: string | undefined } | undefined
}

/** The class that was asked for, by field or by the annotation of old. */
export function storageClassText({ metadata, spec }: Classed): string {
  return metadata.annotations?.[betaClass] ?? spec?.storageClassName ?? ""
}
