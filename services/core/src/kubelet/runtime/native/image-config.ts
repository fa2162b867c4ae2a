import type { Containerd } from "#containerd"
import { RuntimeError } from "../runtime.ts"

/** What an image says of its containers. */
export interface ImageConfig {
  /** Digest reference of what runs. */
  readonly reference: string
  /** Name of the snapshot in which all its layers lie on each other. */
  readonly chainId: string
  readonly env: readonly string[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly workingDirectory: string
  /** `user`, `user:group`, in names or numbers; empty: root. */
  readonly user: string
  readonly stopSignal: string | undefined
  /** Absolute paths at which each container has a directory of its own. */
  readonly volumes: readonly string[]
}

interface Verbose {
  readonly chainID?: string
  readonly imageSpec?: {
    readonly config?: {
      readonly Env?: string[]
      readonly Entrypoint?: string[]
      readonly Cmd?: string[]
      readonly WorkingDir?: string
      readonly User?: string
      readonly StopSignal?: string
      readonly Volumes?: Readonly<Record<string, object>> | null
    }
  }
}

/** Images by their id, which says all that is in them: each is asked for once. */
export class ImageConfigs {
  readonly #cri: Containerd["cri"]
  readonly #known = new Map<string, Promise<ImageConfig>>()

  constructor(cri: Containerd["cri"]) {
    this.#cri = cri
  }

  of(imageId: string): Promise<ImageConfig> {
    const known = this.#known.get(imageId)
    if (known) return known
    const asked = this.#ask(imageId)
    if (this.#known.size >= imagesMax) this.#known.clear()
    this.#known.set(imageId, asked)
    asked.catch(() => this.#known.delete(imageId))
    return asked
  }

  async #ask(imageId: string): Promise<ImageConfig> {
    const { image, info } = await this.#cri.call("ImageStatus", { image: { image: imageId }, verbose: true })
    if (!image) throw new RuntimeError("not-found", `the image ${imageId} is not there`)
    const { chainID, imageSpec } = JSON.parse(info?.info ?? "{}") as Verbose
    if (!chainID) throw new RuntimeError("failed", `containerd does not say what the image ${imageId} is made of`)
    const { Env, Entrypoint, Cmd, WorkingDir, User, StopSignal, Volumes } = imageSpec?.config ?? {}
    return {
      reference: image.repoDigests?.[0] ?? image.id ?? imageId,
      chainId: chainID,
      env: Env ?? [],
      entrypoint: Entrypoint ?? [],
      command: Cmd ?? [],
      workingDirectory: WorkingDir ?? "",
      user: User ?? "",
      stopSignal: StopSignal,
      volumes: Object.keys(Volumes ?? {}),
    }
  }
}

/** Some hundred bytes each; when there are more, all are asked for again. */
const imagesMax = 1_000
