import { randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import type { Containerd } from "#containerd"
import { goneIsNone } from "../refusal.ts"
import { type ContainerConfig, RuntimeError, type SandboxConfig } from "../runtime.ts"
import { requireProfile } from "./app-armor.ts"
import { type OwnCall, ownCalls, snapshotOf } from "./calls.ts"
import { deviceNode, hostDevices } from "./host-devices.ts"
import { type ImageConfig, ImageConfigs } from "./image-config.ts"
import { layersOf, readImageFile } from "./image-files.ts"
import { processUser, type UserFiles } from "./image-users.ts"
import type { OciSpec } from "./oci.ts"
import type { SandboxFiles } from "./oci-mounts.ts"
import { type HostTraits, ociSpec, type PidNamespace, type SharedNamespaces } from "./oci-spec.ts"

export interface SpecRequest {
  readonly id: string
  readonly config: ContainerConfig
  readonly image: ImageConfig
  readonly sandbox: SandboxConfig
  /** First process of the container whose processes this one sees. */
  readonly targetPid: number | undefined
  readonly namespaces: SharedNamespaces
  readonly files: SandboxFiles
}

const keyBytes = 16
/** Of images; when there are more, all are read again. */
const imagesMax = 1_000

/** Gathers what a specification is made of: the image's config, its users, devices and profiles of the machine. */
export class SpecMaker {
  readonly #containerd: Containerd
  readonly #call: OwnCall
  readonly #host: HostTraits
  readonly #images: ImageConfigs
  /** By chain id, which says all that an image's files are. */
  readonly #users = new Map<string, Promise<UserFiles>>()

  constructor(containerd: Containerd, host: HostTraits) {
    this.#containerd = containerd
    this.#call = ownCalls(containerd)
    this.#host = host
    this.#images = new ImageConfigs(containerd.cri)
  }

  /** What an image says of its containers. */
  imageOf(imageId: string): Promise<ImageConfig> {
    return this.#images.of(imageId)
  }

  async make(request: SpecRequest): Promise<OciSpec> {
    const { config, image, sandbox, targetPid } = request
    await requireProfile(config.security, this.#host.appArmor)
    const [users, devices, all, seccompFile] = await Promise.all([
      this.#usersOf(image.chainId, config.imageId),
      Promise.all(
        config.devices.map(async ({ hostPath, containerPath, readOnly }) => ({
          node: await deviceNode(hostPath, containerPath),
          access: readOnly ? "r" : "mrw",
        })),
      ),
      config.security.privileged ? hostDevices() : [],
      seccompFileOf(config),
    ])
    const user = processUser(image.user, config.security, users)
    return ociSpec({
      ...request,
      ...{ user, devices, hostDevices: all, seccompFile, host: this.#host },
      pid: pidNamespace(sandbox, targetPid),
    })
  }

  #usersOf(chainId: string, imageId: string): Promise<UserFiles> {
    const known = this.#users.get(chainId)
    if (known) return known
    const read = this.#readUsers(chainId, imageId)
    if (this.#users.size >= imagesMax) this.#users.clear()
    this.#users.set(chainId, read)
    read.catch(() => this.#users.delete(chainId))
    return read
  }

  /** A view tells where an image's layers lie; it need not stay. */
  async #readUsers(chainId: string, imageId: string): Promise<UserFiles> {
    const { snapshotter } = this.#containerd
    const key = `wick-users-${randomBytes(keyBytes).toString("hex")}`
    const { mounts = [] } = await snapshotOf(this.#containerd, imageId, "snapshots.View", {
      snapshotter,
      key,
      parent: chainId,
    })
    const steps = mounts.map(({ type = "", source = "", options = [] }) => ({ type, source, options }))
    const layers = layersOf(steps)
    try {
      const [passwd, group] = await Promise.all([
        readImageFile(layers, "etc/passwd"),
        readImageFile(layers, "etc/group"),
      ])
      return { passwd, group }
    } finally {
      await this.#call("snapshots.Remove", { snapshotter, key }).catch(goneIsNone)
    }
  }
}

function pidNamespace({ hostPid }: SandboxConfig, targetPid: number | undefined): PidNamespace {
  if (hostPid) return { kind: "host" }
  return targetPid === undefined ? { kind: "own" } : { kind: "joined", path: `/proc/${targetPid}/ns/pid` }
}

async function seccompFileOf({ security }: ContainerConfig): Promise<object | undefined> {
  if (security.seccomp.kind !== "localhost") return undefined
  const { path } = security.seccomp
  const text = await readFile(path, "utf8").catch(() => {
    throw new RuntimeError("failed", `failed to load seccomp profile ${path}`)
  })
  return JSON.parse(text) as object
}
