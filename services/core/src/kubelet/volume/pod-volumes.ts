import { join } from "node:path"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import type { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import type { Volume } from "@wick/sdk/api/core/volume"
import { must } from "@wick/sdk/assert"
import type { Client } from "@wick/sdk/client"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { PodPlace } from "../container/pod-field.ts"
import type { CsiVolumes } from "../csi/csi-volumes.ts"
import { inlineWish } from "../csi/mount-request.ts"
import { ImageProblem } from "../image/images.ts"
import type { ImageRecord, ImageViews } from "../runtime/runtime.ts"
import { writeAtomically } from "./atomic-directory.ts"
import { type ClaimedVolumes, UnboundClaim } from "./claimed-volumes.ts"
import { emptyDirectory, hostPath, removeDirectory } from "./host-directory.ts"
import { imageVolume, openViews } from "./image-volume.ts"
import type { ObjectWatches } from "./object-watches.ts"
import { asProjected, payloadOf, referencesOf, type TokenWish, type VolumeObject, VolumeProblem } from "./payload.ts"
import { requestToken, type Token } from "./service-account-token.ts"
import { usesOf } from "./volume-mode.ts"

export interface PodVolumesOptions {
  readonly client: Client
  readonly watches: ObjectWatches
  /** Where what pods have claimed lies. */
  readonly claims: ClaimedVolumes
  /** Volumes of drivers; undefined where nothing can be mounted. */
  readonly csi: CsiVolumes | undefined
  /** The files of images; undefined where the runtime has none. */
  readonly views: ImageViews | undefined
  readonly haveImage: (source: NonNullable<Volume["image"]>, signal: AbortSignal) => Promise<ImageRecord>
  readonly clock: Clock
  readonly log: Log
  /** The pod's own directory. */
  readonly directory: string
  /** The same in memory, for what comes from the API: secrets and tokens are never on a disk, and a write waits for none. */
  readonly volatileDirectory: string
  /** An object that a volume is made of has changed, or a missing one has come. */
  readonly onChange: () => void
}

/** A change of the pod's labels, or of a token's age, is looked at with the same means as a change of a ConfigMap. */
const tokenRetryMs = 10_000

/** How often volumes of drivers are looked at that may grow here, or that their driver wants to publish again. */
const lookEveryMs = 60_000

/** A claim of a pod that was just placed is bound in a moment; one that is not may take until somebody acts. */
const claimWaitMsMin = 25
const claimWaitMsMax = 2_000

/** The volumes of one pod, made before its first container and kept up to date until it ends. */
export class PodVolumes {
  readonly #options: PodVolumesOptions
  readonly #releases = new Map<string, () => void>()
  readonly #tokens = new Map<string, Token>()
  /** Paths of image volumes that are mounted, by volume. */
  readonly #mounted = new Map<string, string>()
  #renewal: Timer | undefined
  #asking: Timer | undefined
  #claimWaitMs = claimWaitMsMin

  constructor(options: PodVolumesOptions) {
    this.#options = options
  }

  /** Host paths by volume name. Does again what has been done before at no cost. Throws `VolumeProblem`. */
  async prepare(pod: Pod, place: PodPlace, signal?: AbortSignal): Promise<Map<string, string>> {
    const used = usedVolumes(pod)
    const volumes = (pod.spec.volumes ?? []).filter(({ name }) => used.has(name))
    const paths = await Promise.all(
      volumes.map(async (volume): Promise<[string, string]> => {
        try {
          return [volume.name, await this.#prepare(pod, place, volume, signal)]
        } catch (error) {
          if (signal?.aborted || error instanceof ImageProblem) throw error
          if (error instanceof UnboundClaim) this.#askAgain()
          throw failure(volume, error)
        }
      }),
    )
    this.#claimWaitMs = claimWaitMsMin
    this.#planRenewal(pod)
    return new Map(paths)
  }

  /** Stops following changes; files stay for containers that still end. */
  release(): void {
    this.#renewal?.cancel()
    this.#asking?.cancel()
    for (const release of this.#releases.values()) release()
    this.#releases.clear()
  }

  async remove(): Promise<void> {
    this.release()
    const { directory, volatileDirectory, views, csi } = this.#options
    await csi?.release(directory)
    const open = await openViews(directory)
    await Promise.all([removeDirectory(directory), removeDirectory(volatileDirectory)])
    await Promise.all(open.map((key) => views?.close(key)))
  }

  async #prepare(pod: Pod, place: PodPlace, volume: Volume, signal?: AbortSignal): Promise<string> {
    const fsGroup = pod.spec.securityContext.fsGroup
    if (volume.hostPath) return hostPath(volume.hostPath)
    if (volume.emptyDir) {
      const path = join(this.#options.directory, "volumes", "empty-dir", volume.name)
      await emptyDirectory(path, volume.emptyDir, fsGroup)
      return path
    }
    if (volume.persistentVolumeClaim || volume.ephemeral)
      return this.#options.claims.locate(pod, volume, fsGroup, signal)
    if (volume.csi) {
      const { csi } = this.#options
      if (!csi) throw new VolumeProblem("volumes of CSI drivers cannot be mounted on this node")
      return csi.publish(pod, volume.name, inlineWish(pod, volume.name, volume.csi))
    }
    if (volume.image) return this.#prepareImage(volume.name, volume.image, signal)
    const projected = asProjected(volume)
    if (!projected) throw new VolumeProblem("no volume of this kind can be mounted on this node")
    const { configMaps, secrets, tokens } = referencesOf(projected)
    const [maps, kept, made] = await Promise.all([
      this.#objects(ConfigMap, pod, configMaps, signal),
      this.#objects(Secret, pod, secrets, signal),
      this.#tokensFor(pod, tokens, signal),
    ])
    const payload = payloadOf(pod, place, projected, {
      configMap: (name) => maps.get(name),
      secret: (name) => kept.get(name),
      token: (wish) => must(made.get(tokenKey(wish)), "every token of the volume was asked for"),
    })
    const path = join(this.#options.volatileDirectory, "volumes", "files", volume.name)
    writeAtomically(path, payload, { gid: fsGroup })
    return path
  }

  async #prepareImage(name: string, source: NonNullable<Volume["image"]>, signal?: AbortSignal): Promise<string> {
    const { views, directory, haveImage } = this.#options
    if (!views) throw new VolumeProblem("this node's container runtime has no images to mount")
    const path = this.#mounted.get(name)
    if (path !== undefined) return path
    const wait = signal ?? new AbortController().signal
    const made = await imageVolume(views, directory, name, () => haveImage(source, wait))
    this.#mounted.set(name, made)
    return made
  }

  async #objects(
    kind: typeof ConfigMap | typeof Secret,
    pod: Pod,
    names: ReadonlySet<string>,
    signal?: AbortSignal,
  ): Promise<Map<string, VolumeObject>> {
    const namespace = pod.metadata.namespace ?? ""
    const found = await Promise.all(
      [...names].map(async (name): Promise<[string, VolumeObject] | undefined> => {
        const key = `${kind.plural}/${name}`
        if (!this.#releases.has(key)) {
          this.#releases.set(key, this.#options.watches.hold(kind, namespace, name, this.#options.onChange))
        }
        const object = await unlessAborted(this.#options.watches.get(kind, namespace, name), signal)
        return object && [name, object]
      }),
    )
    return new Map(found.filter((entry) => entry !== undefined))
  }

  async #tokensFor(pod: Pod, wishes: readonly TokenWish[], signal?: AbortSignal): Promise<Map<string, string>> {
    const { client, clock } = this.#options
    const entries = wishes.map(async (wish): Promise<[string, string]> => {
      const key = tokenKey(wish)
      const present = this.#tokens.get(key)
      if (present && present.renewAtMs > clock.now()) return [key, present.value]
      try {
        const token = await requestToken(client, pod, wish, clock.now(), signal)
        this.#tokens.set(key, token)
        return [key, token.value]
      } catch (error) {
        // An old token that still holds is better than none.
        if (!present || present.expiresAtMs <= clock.now()) throw error
        this.#options.log.warn("cannot renew a service account token; keeping the old one", { error })
        this.#tokens.set(key, { ...present, renewAtMs: clock.now() + tokenRetryMs })
        return [key, present.value]
      }
    })
    return new Map(await Promise.all(entries))
  }

  #askAgain(): void {
    this.#asking?.cancel()
    const { clock, onChange } = this.#options
    this.#asking = clock.timer(this.#claimWaitMs, onChange)
    this.#claimWaitMs = Math.min(claimWaitMsMax, this.#claimWaitMs * 2)
  }

  #planRenewal(pod: Pod): void {
    this.#renewal?.cancel()
    this.#renewal = undefined
    const { clock, csi, onChange } = this.#options
    const times = [...this.#tokens.values()].map(({ renewAtMs }) => renewAtMs)
    if (csi?.isLookedAfter(pod)) times.push(clock.now() + lookEveryMs)
    if (times.length === 0) return
    this.#renewal = clock.timer(Math.max(0, Math.min(...times) - clock.now()), onChange)
  }
}

/** In the words of the kubelet of Kubernetes, which name the step that has failed. */
function failure({ name }: Volume, error: unknown): VolumeProblem {
  const { message, step } =
    error instanceof VolumeProblem ? error : new VolumeProblem(error instanceof Error ? error.message : String(error))
  return new VolumeProblem(`${step} failed for volume "${name}" : ${message}`, step)
}

function tokenKey(wish: TokenWish): string {
  return `${wish.audience ?? ""} ${wish.expirationSeconds}`
}

/** A volume that no container mounts need not be made. */
function usedVolumes(pod: Pod): Set<string> {
  const { mounted, devices } = usesOf(pod)
  return new Set([...mounted, ...devices])
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener("abort", abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort))
  })
}
