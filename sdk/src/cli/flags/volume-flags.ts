import { createHash } from "node:crypto"
import type { RevisionContainer, RevisionSpec } from "../../api/serving/revision-spec.ts"
import { type Flag, wrong } from "./flag.ts"
import { readKeptObject } from "./kept-object.ts"

type Volume = NonNullable<RevisionSpec["volumes"]>[number]
type VolumeSource = Omit<Volume, "name">
type Mount = NonNullable<RevisionContainer["volumeMounts"]>[number]

const sources = "cm:CONFIGMAP, secret:SECRET, ed:NAME or pvc:CLAIM"

/** Files of ConfigMaps and Secrets, empty directories and claims, and where a container sees them. */
export const volumeFlags: readonly Flag[] = [
  {
    name: "volume",
    takes: "<name=cm:map>",
    help: `volume from ${sources} (with ed: :size=1Gi,type=Memory); NAME- removes it`,
    many: true,
    read: (texts) => {
      const edits = texts.map(readVolume)
      return ({ spec }) => {
        for (const { name, source } of edits) {
          if (source) putVolume(spec, { name, ...source })
          else dropVolume(spec, name)
        }
      }
    },
  },
  {
    name: "mount",
    takes: "</dir=cm:map>",
    help: `directory that shows ${sources}, or a volume by its name; NAME/PATH shows a part, :readOnly=true closes it; /DIR- removes it, and the volume with its last mount`,
    many: true,
    read: (texts) => {
      const edits = texts.map(readMount)
      return ({ spec, container }) => {
        const before = container.volumeMounts ?? []
        for (const { path, wanted } of edits) {
          container.volumeMounts = (container.volumeMounts ?? []).filter(({ mountPath }) => mountPath !== path)
          if (wanted?.source) putVolume(spec, { name: wanted.mount.name, ...wanted.source })
          if (wanted) container.volumeMounts.push({ mountPath: path, ...wanted.mount })
        }
        for (const { name } of before) dropUnseen(spec, name)
      }
    },
  },
]

function readVolume(text: string): { name: string; source?: VolumeSource } {
  // `emptyDir:scratch:size=1Gi` names the volume behind the kind, as a mount does.
  const [, kind, inner = "", options = ""] = /^(ed|emptyDir):([^:=]+)(?::(.*))?$/.exec(text) ?? []
  if (kind) return { name: inner, source: emptyDir("volume", text, options) }
  const at = text.indexOf("=")
  if (at < 0 && text.length > 1 && text.endsWith("-")) return { name: text.slice(0, -1) }
  const [name, from] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)]
  const source = name === "" ? undefined : readSource("volume", text, from)?.source
  if (!source) throw wrong("volume", text, `must be NAME= with ${sources}, or NAME- to take it away`)
  return { name, source }
}

interface ReadMount {
  readonly path: string
  /** Undefined: nothing is to be seen there any more. */
  readonly wanted?: { readonly mount: Omit<Mount, "mountPath">; readonly source?: VolumeSource }
}

function readMount(text: string): ReadMount {
  const at = text.indexOf("=")
  const path = at < 0 ? text.replace(/-$/, "") : text.slice(0, at)
  if (!path.startsWith("/") || path === "/" || (at < 0 && !text.endsWith("-"))) {
    throw wrong("mount", text, `must be /DIR= with ${sources} or a volume's name, or /DIR- to take it away`)
  }
  if (at < 0) return { path }
  const [, rest = "", closed] = /^(.*?)(?:[:,]readOnly=(true|false))?$/.exec(text.slice(at + 1)) ?? []
  const [, whole = "", subPath] = /^([^/]*)(?:\/(.+))?$/.exec(rest) ?? []
  const more = { ...(subPath && { subPath }), ...(closed && { readOnly: closed === "true" }) }
  if (whole !== "" && !whole.includes(":")) return { path, wanted: { mount: { name: whole, ...more } } }
  const found = readSource("mount", text, whole)
  if (!found) throw wrong("mount", text, `must be /DIR= with ${sources}, or the name of a volume`)
  const name = found.name ?? generatedName(path)
  return { path, wanted: { mount: { name, ...more }, source: found.source } }
}

/** What a volume is made of; an empty directory that is mounted brings its own name. */
function readSource(flag: string, text: string, from: string): { source: VolumeSource; name?: string } | undefined {
  const kept = readKeptObject(from)
  if (kept?.kind === "Secret") return { source: { secret: { secretName: kept.name } } }
  if (kept) return { source: { configMap: { name: kept.name } } }
  const [, kind, name = "", options = ""] =
    /^(ed|emptyDir|pvc|persistentVolumeClaim):([^:]*)(?::(.*))?$/.exec(from) ?? []
  if (kind === undefined) return undefined
  if (kind.startsWith("e")) return { source: emptyDir(flag, text, options), ...(name && { name }) }
  return name === "" ? undefined : { source: { persistentVolumeClaim: { claimName: name } } }
}

function emptyDir(flag: string, text: string, options: string): VolumeSource {
  const directory: { sizeLimit?: string; medium?: string } = {}
  for (const option of options.split(",").filter(Boolean)) {
    const [key, value = ""] = option.split("=")
    if (key === "size" && value !== "") directory.sizeLimit = value
    else if (key === "type" && ["Memory", ""].includes(value)) directory.medium = value
    else throw wrong(flag, text, `knows no ${option}: an empty directory takes size=QUANTITY and type=Memory`)
  }
  return { emptyDir: directory }
}

function putVolume(spec: RevisionSpec, volume: Volume): void {
  const others = (spec.volumes ?? []).filter(({ name }) => name !== volume.name)
  spec.volumes = [...others, volume]
}

function dropVolume(spec: RevisionSpec, gone: string): void {
  if (spec.volumes) spec.volumes = spec.volumes.filter(({ name }) => name !== gone)
}

/** A volume that nobody mounts any more is not allowed in a revision. */
function dropUnseen(spec: RevisionSpec, name: string): void {
  const containers = spec.containers as RevisionContainer[]
  if (!containers.some(({ volumeMounts }) => volumeMounts?.some((mount) => mount.name === name))) dropVolume(spec, name)
}

const nameMax = 63
const digestShown = 6

/** The volume that a mount brings with it is named for the directory, so that both go together. */
function generatedName(path: string): string {
  const digest = createHash("sha256").update(path).digest("hex").slice(0, digestShown)
  const words = path.toLowerCase().match(/[a-z0-9]+/g) ?? []
  return `${["mount", ...words].join("-").slice(0, nameMax - digestShown - 1)}-${digest}`
}
